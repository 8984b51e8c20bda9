//! What is kept of a password, which is never the password.
//!
//! Every account has a SCRAM-SHA-256 verifier. The hashes that NTLM and Digest need are as good as the
//! password itself to whoever steals them, so only accounts that opt in have those.

use std::fmt;

mod legacy;
mod scram;

pub use legacy::{DigestSecret, LegacyNames, LegacySecrets};
pub use scram::{ITERATIONS, ScramVerifier};

/// Characters of a password. Nobody types more, and hashing is work that a caller chooses the amount of.
pub const PASSWORD_CHARS_MAX: usize = 1024;

/// Why a password is not accepted. Never contains the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It has no character.
    #[error("password is empty")]
    Empty,
    /// It has more than [`PASSWORD_CHARS_MAX`] characters.
    #[error("password is longer than {PASSWORD_CHARS_MAX} characters")]
    TooLong,
    /// It has a character that no keyboard types into a password field, most often a line end left over
    /// from a file.
    #[error("password contains a control character, perhaps the line end of the file it was read from")]
    ControlCharacter,
}

/// What an account can be authenticated with.
///
/// `==` is for seeing whether an account changed. Never use it on what somebody outside sent: it does not
/// take the same time for every value, as [`ScramVerifier::verify_password`] and
/// [`ScramVerifier::verify_proof`] do.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// For SCRAM-SHA-256, which every account has.
    pub scram: ScramVerifier,
    /// For NTLM and Digest, if the account opted in.
    pub legacy: Option<LegacySecrets>,
}

impl Secrets {
    /// Derives what is kept of a password, with a fresh random salt, and with NTLM and Digest secrets if
    /// there are names for them. Takes some milliseconds of computing, by intention.
    ///
    /// # Errors
    /// [`PasswordError`] when the password is empty, too long or contains a control character.
    pub fn derive(password: &str, legacy: Option<&LegacyNames>) -> Result<Self, PasswordError> {
        check(password)?;
        Ok(Self {
            scram: ScramVerifier::derive(password)?,
            legacy: legacy.map(|names| LegacySecrets::derive(password, names)),
        })
    }

    /// The same password for another account, with the same verifier and so without hashing again: for accounts that
    /// are made by the thousand to measure with. Whoever steals the store sees that they have one password.
    ///
    /// # Errors
    /// As [`Secrets::derive`].
    pub fn shared(&self, password: &str, legacy: Option<&LegacyNames>) -> Result<Self, PasswordError> {
        check(password)?;
        Ok(Self {
            scram: self.scram.clone(),
            legacy: legacy.map(|names| LegacySecrets::derive(password, names)),
        })
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("scram", &self.scram)
            .field("legacy", &self.legacy)
            .finish()
    }
}

/// Whether a password may be used at all. Applied before anything is derived from it.
fn check(password: &str) -> Result<(), PasswordError> {
    if password.is_empty() {
        Err(PasswordError::Empty)
    } else if password.chars().nth(PASSWORD_CHARS_MAX).is_some() {
        Err(PasswordError::TooLong)
    } else if password.chars().any(char::is_control) {
        Err(PasswordError::ControlCharacter)
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
