//! The rules that decide whether a client of the time works (spec 0.1), asked of everything that a router says.

use super::Answer;
use anyhow::{Context, ensure};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use rvp::credentials::DigestChallenge;

/// The declarations on every root element (spec 3.1: the layout of Exchange).
const ROOT: &str = " xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' \
                    xmlns:a='http://schemas.microsoft.com/rvp/acl/'";
/// Properties whose value is text: never closed in their own tag where there is a value (rule 4).
const TEXTS: [&str; 3] = ["<r:email/>", "<d:displayname/>", "<r:mobile-description/>"];

/// Checks an answer.
///
/// # Errors
/// With the rule that is broken.
pub fn check_answer(method: &str, answer: &Answer) -> anyhow::Result<()> {
    let headers = &answer.parts.headers;
    check_common(headers, answer.body.len())?;
    let digits = answer
        .head
        .get(9..12)
        .and_then(|digits| digits.parse::<u16>().ok());
    ensure!(
        digits == Some(answer.status),
        "the status is not in characters 10 to 12 (Miranda reads it there)"
    );
    let succeeds = (200..300).contains(&answer.status);
    if succeeds && !answer.body.is_empty() {
        ensure!(is_text_xml(headers), "rule 3: an XML answer is text/xml");
        check_document(&answer.body)?;
    }
    if succeeds && method == "SUBSCRIBE" {
        check_number(headers, "subscription-id").context("rule 6")?;
        check_number(headers, "subscription-lifetime").context("without a lifetime it is permanent")?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(
            !TEXTS.iter().any(|tag| text.contains(tag)),
            "rule 4: a text is closed in its own tag"
        );
    }
    ensure!(
        answer.status != 207 || !answer.body.is_empty(),
        "207 has a body, or librvp logs off"
    );
    ensure!(
        !(method == "SUBSCRIBE" && matches!(answer.status, 500 | 501)),
        "a SUBSCRIBE never sees 500 or 501"
    );
    if answer.status == 401 {
        check_challenges(headers)?;
    }
    let text = format!("{}{}", answer.head, String::from_utf8_lossy(&answer.body));
    ensure!(!text.contains("home-"), "the answer names a home server");
    Ok(())
}

/// Checks what every request and answer of ours must have.
///
/// # Errors
/// With the rule that is broken.
pub fn check_common(headers: &HeaderMap, body: usize) -> anyhow::Result<()> {
    ensure!(
        !headers.contains_key("transfer-encoding"),
        "rule 2: never chunked"
    );
    let length = only(headers, "content-length").context("rule 2: Content-Length")?;
    ensure!(
        length == body.to_string(),
        "rule 2: Content-Length is {length} where {body} octets came"
    );
    let version = only(headers, "rvp-notifications-version").context("RVP-Notifications-Version")?;
    ensure!(version == "0.2", "RVP-Notifications-Version is {version}");
    Ok(())
}

/// Checks a document of ours: compact, with the three prefixes only, declared on the root (rules 4 and 5).
///
/// # Errors
/// With the rule that is broken.
pub fn check_document(document: &[u8]) -> anyhow::Result<()> {
    let text = std::str::from_utf8(document).context("the document is not UTF-8")?;
    let rest = text
        .strip_prefix("<?xml version=\"1.0\"?><")
        .context("the document does not begin as it should")?;
    let root = rest.split(['>', '/']).next().unwrap_or_default();
    ensure!(
        rest.contains(&format!("{}{ROOT}", root.split(' ').next().unwrap_or_default())),
        "rule 5: the root declares d, r and a"
    );
    for (at, piece) in text.split('<').enumerate().skip(1) {
        let (tag, between) = piece.split_once('>').context("a tag without an end")?;
        ensure!(between.trim() == between, "rule 4: white space after <{tag}>");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap_or_default();
        let prefixed = ["d:", "r:", "a:"].iter().any(|prefix| name.starts_with(prefix));
        ensure!(
            prefixed || (at == 1 && name == "?xml"),
            "rule 5: the prefix of {name}"
        );
    }
    Ok(())
}

/// Whether the body is said to be `text/xml`.
#[must_use]
pub fn is_text_xml(headers: &HeaderMap) -> bool {
    let kind = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim() == "text/xml"
}

/// The only value of a header.
///
/// # Errors
/// When it is missing or given twice.
pub fn only<'h>(headers: &'h HeaderMap, name: &str) -> anyhow::Result<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().with_context(|| format!("{name} is missing"))?;
    ensure!(values.next().is_none(), "{name} is given twice");
    Ok(first.to_str()?)
}

fn check_number(headers: &HeaderMap, name: &str) -> anyhow::Result<()> {
    let number = only(headers, name)?;
    ensure!(
        number.parse::<i32>().is_ok_and(|number| number > 0),
        "{name} is {number}"
    );
    Ok(())
}

/// At least one; one header for each scheme; Digest with one qop and without a comma in any value (rule 10).
fn check_challenges(headers: &HeaderMap) -> anyhow::Result<()> {
    let mut schemes = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let text = value.to_str()?;
        let scheme = text.split(' ').next().unwrap_or_default();
        ensure!(
            ["Negotiate", "NTLM", "Digest"].contains(&scheme),
            "nobody asked for the scheme {scheme}"
        );
        ensure!(!schemes.contains(&scheme), "{scheme} is offered twice");
        if scheme == "Digest" {
            ensure!(text.contains("qop=\"auth\""), "rule 10: qop is exactly \"auth\"");
            let inside = text.split('"').skip(1).step_by(2);
            ensure!(
                inside.into_iter().all(|value| !value.contains(',')),
                "librvp splits at every comma"
            );
            DigestChallenge::parse(value)?;
        } else {
            ensure!(!text.contains(','), "several schemes in one header");
        }
        schemes.push(scheme);
    }
    ensure!(!schemes.is_empty(), "a 401 without a challenge logs librvp off");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Answer {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let parts = response.body(()).unwrap().into_parts().0;
        let head = format!("HTTP/1.1 {status} Some\r\n");
        Answer {
            status,
            head,
            parts,
            body: body.into(),
        }
    }

    const GOOD: &str = "<?xml version=\"1.0\"?><r:subscriptions xmlns:d='DAV:' \
        xmlns:r='http://schemas.microsoft.com/rvp/' xmlns:a='http://schemas.microsoft.com/rvp/acl/'/>";

    #[test]
    fn a_sound_answer_passes_and_each_broken_rule_is_told() {
        let length = GOOD.len().to_string();
        let headers = |kind: &'static str| {
            [
                ("content-length", length.clone()),
                ("rvp-notifications-version", "0.2".to_owned()),
                ("content-type", kind.to_owned()),
            ]
        };
        let check = |headers: &[(&'static str, String)], status: u16, body: &'static str| {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            check_answer("SUBSCRIPTIONS", &answer(status, &headers, body))
                .map_err(|error| format!("{error:#}"))
        };
        assert_eq!(check(&headers("text/xml"), 200, GOOD), Ok(()));
        assert!(
            check(&headers("application/xml"), 200, GOOD)
                .unwrap_err()
                .contains("rule 3")
        );
        assert!(
            check(&headers("text/xml")[1..], 200, GOOD)
                .unwrap_err()
                .contains("rule 2")
        );
        assert!(
            check(&headers("text/xml")[..1], 200, GOOD)
                .unwrap_err()
                .contains("Version")
        );
        assert!(
            check(&headers("text/xml"), 401, GOOD)
                .unwrap_err()
                .contains("challenge")
        );
        let mut chunked = headers("text/xml").to_vec();
        chunked.push(("transfer-encoding", "chunked".to_owned()));
        assert!(check(&chunked, 200, GOOD).unwrap_err().contains("chunked"));
    }

    #[test]
    fn a_document_that_old_clients_cannot_read_is_told() {
        assert!(check_document(GOOD.as_bytes()).is_ok());
        let root = |content: &str| GOOD.replace("/>", &format!(">{content}</r:subscriptions>"));
        assert!(check_document(root("<r:a>x</r:a>").as_bytes()).is_ok());
        for bad in ["<r:a>\n<r:b/></r:a>", "<r:a> x</r:a>", "<x:a></x:a>", "<a></a>"] {
            assert!(check_document(root(bad).as_bytes()).is_err(), "{bad}");
        }
        assert!(check_document(b"<?xml version=\"1.0\"?><r:subscriptions xmlns:r='x'/>").is_err());
    }
}
