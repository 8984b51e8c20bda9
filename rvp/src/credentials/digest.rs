//! Digest, in the forms that clients really send (spec 6.3).

use super::{DIGEST, DigestAnswer, DigestQop, split_scheme};
use crate::{ParseError, header};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};

/// Fields of one header: ten are usual.
const FIELDS_MAX: usize = 32;

/// The value of a `WWW-Authenticate` header. It offers one `qop`, and no value may hold a comma: old
/// clients crash on either (spec 0.1 rule 10, 6.3).
#[must_use]
pub fn digest_challenge(realm: &str, nonce: &str) -> String {
    let (realm, nonce) = (quotable(realm), quotable(nonce));
    format!("{DIGEST} qop=\"auth\", realm=\"{realm}\", nonce=\"{nonce}\"")
}

/// What a client reads in the challenge of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigestChallenge {
    /// The realm.
    pub realm: String,
    /// The nonce.
    pub nonce: String,
    /// Whether `auth` is among the offered `qop` values; otherwise the form of RFC 2069 is asked.
    pub qop: bool,
}

impl DigestChallenge {
    /// Reads a `WWW-Authenticate` header.
    ///
    /// # Errors
    /// [`ParseError::BadHeader`] for another scheme, algorithm or a missing field.
    pub fn parse(value: &HeaderValue) -> Result<Self, ParseError> {
        let (scheme, rest) = split_scheme(header::text(&WWW_AUTHENTICATE, value)?);
        if !scheme.eq_ignore_ascii_case(DIGEST) {
            return Err(header::bad(&WWW_AUTHENTICATE, "has a scheme other than Digest"));
        }
        let fields = Fields::parse(&WWW_AUTHENTICATE, rest)?;
        fields.check_algorithm()?;
        let auth = |offered: &str| {
            offered
                .split(',')
                .any(|one| one.trim().eq_ignore_ascii_case("auth"))
        };
        Ok(Self {
            realm: fields.required("realm")?,
            nonce: fields.required("nonce")?,
            qop: fields.get("qop").is_some_and(auth),
        })
    }
}

impl DigestAnswer {
    /// Reads what follows the scheme.
    pub(super) fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |reason| header::bad(&AUTHORIZATION, reason);
        let fields = Fields::parse(&AUTHORIZATION, text)?;
        fields.check_algorithm()?;
        let hex = |text: &str| text.bytes().all(|c| c.is_ascii_hexdigit());
        let response = fields.required("response")?;
        if response.len() != 32 || !hex(&response) {
            return Err(bad("has a response that is not 32 hexadecimal digits"));
        }
        let qop = match fields.get("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => {
                let (nc, cnonce) = (fields.required("nc")?, fields.required("cnonce")?);
                if nc.is_empty() || nc.len() > 8 || !hex(&nc) {
                    return Err(bad("has a nonce count that is no hexadecimal number"));
                }
                Some(DigestQop { nc, cnonce })
            }
            Some(_) => return Err(bad("has a qop other than auth")),
        };
        Ok(Self {
            // Old clients send `DOMAIN\alice` with a bare backslash, others escape it. Both hash the single one.
            username: fields.required("username")?.replace(r"\\", r"\"),
            realm: fields.required("realm")?,
            nonce: fields.required("nonce")?,
            uri: fields.required("uri")?,
            response,
            qop,
        })
    }

    /// Makes the whole value.
    pub(super) fn write(&self) -> String {
        let mut text = String::from(DIGEST);
        let mut separator = ' ';
        for (name, value) in [
            ("username", &self.username),
            ("realm", &self.realm),
            ("nonce", &self.nonce),
            ("uri", &self.uri),
            ("response", &self.response),
        ] {
            text.push_str(&format!("{separator}{name}=\"{}\"", quotable(value)));
            separator = ',';
        }
        if let Some(DigestQop { nc, cnonce }) = &self.qop {
            let (nc, cnonce) = (quotable(nc), quotable(cnonce));
            text.push_str(&format!(",algorithm=MD5,qop=auth,nc={nc},cnonce=\"{cnonce}\""));
        }
        text
    }
}

/// The text without what would end the quotes around it.
fn quotable(text: &str) -> String {
    text.replace('"', "")
}

/// The fields of a header: `name=token` and `name="text"`, with commas or spaces between.
struct Fields<'a> {
    header: &'static HeaderName,
    all: Vec<(&'a str, &'a str)>,
}

impl<'a> Fields<'a> {
    /// Quotes end at the next quote: a backslash before it is part of the text (spec 6.3).
    fn parse(header: &'static HeaderName, text: &'a str) -> Result<Self, ParseError> {
        let bad = |reason| header::bad(header, reason);
        let mut all: Vec<(&str, &str)> = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([',', ' ', '\t']);
            if rest.is_empty() {
                return Ok(Self { header, all });
            }
            let (name, after) = rest
                .split_once('=')
                .ok_or_else(|| bad("has a field without a value"))?;
            let (name, after) = (name.trim(), after.trim_start());
            let value;
            (value, rest) = match after.strip_prefix('"') {
                Some(after) => after
                    .split_once('"')
                    .ok_or_else(|| bad("has a text without its end"))?,
                None => after.split_at(after.find([',', ' ', '\t']).unwrap_or(after.len())),
            };
            if name.is_empty()
                || !name
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
            {
                return Err(bad("has a field without a name"));
            }
            if all.len() >= FIELDS_MAX || all.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                return Err(bad("has a field twice or too many fields"));
            }
            all.push((name, value));
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.all
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    fn required(&self, name: &str) -> Result<String, ParseError> {
        self.get(name)
            .map(str::to_owned)
            .ok_or_else(|| header::bad(self.header, "lacks a field of Digest"))
    }

    fn check_algorithm(&self) -> Result<(), ParseError> {
        match self.get("algorithm") {
            Some(name) if !name.eq_ignore_ascii_case("MD5") => {
                Err(header::bad(self.header, "has an algorithm other than MD5"))
            }
            Some(_) | None => Ok(()),
        }
    }
}
