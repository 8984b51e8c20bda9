//! Digest nonces: the time they were made, signed. Nothing is kept, so any router with the same key
//! accepts what another one offered.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq;

/// How long a nonce is good. Counts are not enforced, since clients do not advance them (spec 6.3).
const GOOD_FOR: Duration = Duration::from_secs(300);
/// A nonce of a router whose clock is ahead of ours.
const AHEAD_MAX: Duration = Duration::from_secs(300);
/// Hexadecimal digits of the time and of the signature.
const TIME_DIGITS: usize = 16;
const SIGNATURE_OCTETS: usize = 16;

/// Makes nonces and knows them again.
#[derive(Clone)]
pub(crate) struct Nonces {
    key: [u8; 32],
}

impl Nonces {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A nonce made now.
    pub(crate) fn make(&self, now: SystemTime) -> String {
        let seconds = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let time = format!("{seconds:016x}");
        let signature = self.sign(&time);
        time + &signature
    }

    /// Whether a nonce was made by one of us, and lately.
    pub(crate) fn is_good(&self, nonce: &str, now: SystemTime) -> bool {
        let Some((time, signature)) = nonce.split_at_checked(TIME_DIGITS) else {
            return false;
        };
        if !bool::from(self.sign(time).as_bytes().ct_eq(signature.as_bytes())) {
            return false;
        }
        let Ok(seconds) = u64::from_str_radix(time, 16) else {
            return false;
        };
        let Some(made) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else {
            return false;
        };
        match now.duration_since(made) {
            Ok(age) => age <= GOOD_FOR,
            Err(ahead) => ahead.duration() <= AHEAD_MAX,
        }
    }

    fn sign(&self, time: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(b"homeport digest nonce");
        mac.update(time.as_bytes());
        let octets = mac.finalize().into_bytes();
        octets
            .iter()
            .take(SIGNATURE_OCTETS)
            .map(|octet| format!("{octet:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_five_minutes_and_only_as_made() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let nonces = Nonces::new([7; 32]);
        let nonce = nonces.make(now);
        assert!(nonces.is_good(&nonce, now));
        assert!(nonces.is_good(&nonce, now + Duration::from_secs(299)));
        assert!(!nonces.is_good(&nonce, now + Duration::from_secs(302)));
        assert!(!Nonces::new([8; 32]).is_good(&nonce, now));
        for bad in [
            "",
            "é",
            &nonce[1..],
            &nonce.replace('0', "1"),
            &format!("{nonce}0"),
        ] {
            assert!(!nonces.is_good(bad, now), "{bad}");
        }
        assert!(
            !nonce.contains([',', '"', ' ']),
            "clients split challenges at commas"
        );
    }
}
