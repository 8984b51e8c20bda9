//! Tokens: who has logged on, with which password, and until when that counts; signed. Nothing is kept, so any router
//! with the same key takes what another one gave.
//!
//! A token says nothing about an account that could change: whether the account still has that password, and may log
//! on, is for its home to say.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use rvp::Principal;
use sha2::Sha256;
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq;

/// What a token begins with: its form.
const FORM: &str = "h1";

/// Makes tokens and knows them again.
#[derive(Clone)]
pub(crate) struct Tokens {
    key: [u8; 32],
}

/// What a token says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Bearer {
    /// Who.
    pub(crate) principal: Principal,
    /// Of which password.
    pub(crate) generation: u64,
}

impl Tokens {
    /// Tokens of the cluster that has this key. What else is signed with it is signed under another name.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A token that is good for so long from now on.
    pub(crate) fn make(&self, bearer: &Bearer, now: SystemTime, lifetime: Duration) -> String {
        let ends = now + lifetime;
        let ends = ends.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (generation, person) = (bearer.generation, bearer.principal.as_url());
        let said = format!("{:x} {generation:x} {person}", ends.as_secs());
        let said = URL_SAFE_NO_PAD.encode(said);
        let signature = URL_SAFE_NO_PAD.encode(self.sign(b"homeport attachment token", &said));
        format!("{FORM}.{said}.{signature}")
    }

    /// What a token says, if one of us made it and its time is not over.
    pub(crate) fn read(&self, token: &str, now: SystemTime) -> Option<Bearer> {
        let (said, signature) = token.strip_prefix(FORM)?.strip_prefix('.')?.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let right = self.sign(b"homeport attachment token", said);
        if !bool::from(right.as_slice().ct_eq(&signature)) {
            return None;
        }
        let said = String::from_utf8(URL_SAFE_NO_PAD.decode(said).ok()?).ok()?;
        let mut parts = said.splitn(3, ' ');
        let ends = u64::from_str_radix(parts.next()?, 16).ok()?;
        let generation = u64::from_str_radix(parts.next()?, 16).ok()?;
        let principal = Principal::from_url(parts.next()?).ok()?;
        let ends = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(ends))?;
        (now < ends).then_some(Bearer {
            principal,
            generation,
        })
    }

    /// A salt for somebody who has no account: the same each time and at each router, so that it does not show.
    pub(crate) fn salt_of_nobody(&self, name: &str) -> [u8; 16] {
        let digest = self.sign(b"homeport salt of nobody", name);
        let mut salt = [0; 16];
        salt.copy_from_slice(&digest[..16]);
        salt
    }

    fn sign(&self, name: &[u8], said: &str) -> [u8; 32] {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        let mac = mac.chain_update(name).chain_update([0]).chain_update(said);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_token_is_good_for_its_time_where_the_key_is_and_only_as_made() {
        let bearer = Bearer {
            principal: Principal::from_address("alice@im.example.com").unwrap(),
            generation: u64::MAX,
        };
        let tokens = Tokens::new([7; 32]);
        let token = tokens.make(&bearer, at(1_000), Duration::from_secs(60));
        assert!(token.len() <= attachment::limits::TOKEN_CHARS_MAX);
        assert_eq!(tokens.read(&token, at(1_059)), Some(bearer.clone()));
        assert_eq!(tokens.read(&token, at(1_060)), None, "its time is over");
        assert_eq!(
            Tokens::new([8; 32]).read(&token, at(1_000)),
            None,
            "another cluster's"
        );
        let [form, said, signature] = *token.split('.').collect::<Vec<_>>() else {
            panic!("{token}");
        };
        let other = tokens.make(&bearer, at(1_001), Duration::from_secs(60));
        let other = other.split('.').nth(1).unwrap();
        for forged in [
            String::new(),
            said.to_owned(),
            format!("h2.{said}.{signature}"),
            format!("{form}.{other}.{signature}"),
            format!("{form}.{said}."),
            format!("{form}.{said}.{signature}x"),
            format!("{form}.{said}"),
        ] {
            assert_eq!(tokens.read(&forged, at(1_000)), None, "{forged}");
        }
    }

    #[test]
    fn nobody_has_the_same_salt_each_time_and_at_each_router() {
        let [one, other] = [[7; 32], [8; 32]].map(Tokens::new);
        assert_eq!(one.salt_of_nobody("x"), Tokens::new([7; 32]).salt_of_nobody("x"));
        assert_ne!(one.salt_of_nobody("x"), one.salt_of_nobody("y"));
        assert_ne!(one.salt_of_nobody("x"), other.salt_of_nobody("x"));
    }
}
