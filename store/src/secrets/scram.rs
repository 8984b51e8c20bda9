//! The verifier of SCRAM-SHA-256 (RFC 5802, RFC 7677).

use super::{PasswordError, check};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use subtle::ConstantTimeEq;

/// Rounds of PBKDF2 for new verifiers: the least that RFC 7677 allows, and what other servers of the field use.
///
/// The client computes them at each log-on, and the server only here. More rounds make a stolen database
/// harder to search, and the log-on of every client slower. Each verifier carries its own number, so raising
/// this one touches no existing account.
pub const ITERATIONS: u32 = 4096;

/// What a server keeps for SCRAM-SHA-256: enough to check a client's proof and to prove itself, and not
/// enough to log on with.
///
/// `==` is for seeing whether an account changed, never for what somebody outside sent.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramVerifier {
    /// Random, of this verifier alone. Told to clients.
    pub salt: [u8; 16],
    /// Rounds of PBKDF2. Told to clients.
    pub iterations: u32,
    /// SHA-256 of the client key.
    pub stored_key: [u8; 32],
    /// Signs the server's answer.
    pub server_key: [u8; 32],
}

impl ScramVerifier {
    /// A verifier of this password with a fresh random salt and [`ITERATIONS`] rounds.
    ///
    /// # Errors
    /// [`PasswordError`] when the password is empty, too long or contains a control character.
    pub fn derive(password: &str) -> Result<Self, PasswordError> {
        derive_with(password, rand::random(), ITERATIONS)
    }

    /// Another number for each verifier that was ever derived, also of the same password. It tells nothing about the
    /// password: it is made of the salt, which every verifier has for itself.
    #[must_use]
    pub fn generation(&self) -> u64 {
        let digest: [u8; 32] = Sha256::digest(self.salt).into();
        digest
            .iter()
            .take(8)
            .fold(0, |number, octet| number << 8 | u64::from(*octet))
    }

    /// Whether this is the password. Costs what deriving costs: for checks by an administrator and for
    /// tests, never for log-ons, where the client does that work.
    #[must_use]
    pub fn verify_password(&self, password: &str) -> bool {
        let Ok(other) = derive_with(password, self.salt, self.iterations) else {
            return false;
        };
        let (stored, server) = (
            self.stored_key.ct_eq(&other.stored_key),
            self.server_key.ct_eq(&other.server_key),
        );
        (stored & server).into()
    }

    /// Checks a client's proof over the messages of one exchange (`AuthMessage` in RFC 5802, section 3):
    /// the server's signature for the answer, or none when the proof is wrong.
    #[must_use]
    pub fn verify_proof(&self, auth_message: &[u8], proof: &[u8; 32]) -> Option<[u8; 32]> {
        let mut client_key = hmac(&self.stored_key, auth_message);
        for (octet, proved) in client_key.iter_mut().zip(proof) {
            *octet ^= proved;
        }
        let stored: [u8; 32] = Sha256::digest(client_key).into();
        bool::from(stored.ct_eq(&self.stored_key)).then(|| hmac(&self.server_key, auth_message))
    }
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramVerifier")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// Derives with a given salt and number of rounds, as checking does.
pub(super) fn derive_with(
    password: &str,
    salt: [u8; 16],
    iterations: u32,
) -> Result<ScramVerifier, PasswordError> {
    let prepared = prepare(password)?;
    let salted: [u8; 32] = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(prepared.as_bytes(), &salt, iterations);
    let client_key = hmac(&salted, b"Client Key");
    Ok(ScramVerifier {
        salt,
        iterations,
        stored_key: Sha256::digest(client_key).into(),
        server_key: hmac(&salted, b"Server Key"),
    })
}

/// The form of a password that SCRAM hashes: `SASLprep` (RFC 4013), so that one password typed on two
/// systems is one password. Where `SASLprep` refuses (characters younger than Unicode 3.2, mixed writing
/// directions) the password counts as typed, as other servers do it: the alternative is to forbid it.
fn prepare(password: &str) -> Result<Cow<'_, str>, PasswordError> {
    check(password)?;
    let prepared = stringprep::saslprep(password).unwrap_or(Cow::Borrowed(password));
    if prepared.is_empty() {
        Err(PasswordError::Empty)
    } else {
        Ok(prepared)
    }
}

fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(message).finalize().into_bytes().into()
}
