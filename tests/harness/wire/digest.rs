//! The answer to a Digest challenge, as each client computes and writes it (spec 6.3).

use super::{Ask, Style, Wire};
use crate::accounts::NT_DOMAIN;
use anyhow::Context;
use http::HeaderValue;
use md5::{Digest, Md5};
use rvp::credentials::DigestChallenge;

/// The nonce of a client. Real ones are random; nothing hangs on it.
const CNONCE: &str = "7b1d";

/// The `Authorization` that answers `challenge`.
///
/// # Errors
/// When the challenge is none.
pub fn answer(wire: &Wire, ask: &Ask, challenge: &str) -> anyhow::Result<String> {
    let challenge = DigestChallenge::parse(&HeaderValue::from_str(challenge)?).context("read a challenge")?;
    let DigestChallenge { realm, nonce, .. } = &challenge;
    let user = wire.style.digest_user(NT_DOMAIN, wire.me.name());
    let uri = wire.spelling.digest_uri(&ask.target);
    let ha1 = hex(&format!("{user}:{realm}:{}", wire.password));
    let ha2 = hex(&format!("{}:{uri}", ask.method));
    let response = hex(&format!("{ha1}:{nonce}:00000001:{CNONCE}:auth:{ha2}"));
    // librvp quotes everything but the count, Miranda the count as well. The backslash stands as it is.
    let count = match wire.style {
        Style::Librvp | Style::NetRvp => "nc=00000001",
        Style::Miranda => "nc=\"00000001\"",
    };
    Ok(format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         algorithm=\"MD5\", qop=\"auth\", {count}, cnonce=\"{CNONCE}\", response=\"{response}\""
    ))
}

fn hex(text: &str) -> String {
    Md5::digest(text)
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Proof, Spelling};
    use rvp::Principal;

    #[test]
    fn the_published_vector_comes_out() {
        let me = Principal::from_address("alice@im.example.com").unwrap();
        let wire = Wire {
            me: me.clone(),
            password: "s3cret".into(),
            proof: Proof::Digest,
            style: Style::Librvp,
            spelling: Spelling::Plain,
            router: ([127, 0, 0, 1], 80).into(),
        };
        let challenge =
            "Digest qop=\"auth\", realm=\"im.example.com\", nonce=\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"";
        let answer = answer(&wire, &Ask::new("SUBSCRIBE", &me), challenge).unwrap();
        assert!(
            answer.contains("response=\"2b722b94d0c9f78c41ebf604342f2a5e\""),
            "{answer}"
        );
        assert!(answer.contains("username=\"EXAMPLE\\alice\""), "{answer}");
    }
}
