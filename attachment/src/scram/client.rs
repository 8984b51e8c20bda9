//! The client's side: what it says, and whether the server is the one that has the account.

use super::messages::{ClientFinal, ClientFirst, ServerFinal, ServerFirst, auth_message};
use crate::limits::ITERATIONS;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Why a client does not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScramError {
    /// A message of the server is malformed.
    #[error("the server's message is malformed")]
    Malformed,
    /// The server's nonce does not begin with the client's: the answer was made for somebody else.
    #[error("the server's nonce is not an answer to ours")]
    Nonce,
    /// The server asks for too few rounds of hashing, or for too many.
    #[error("the server asks for {0} rounds of hashing")]
    Iterations(u32),
    /// The keys that were kept were derived with another salt or number of rounds: the password has changed since.
    #[error("the keys were derived for another challenge")]
    OtherKeys,
    /// The server has not the account's verifier: it is not the server it says it is.
    #[error("the server could not show that it knows the account")]
    NotTheServer,
}

/// A log-on that has begun.
pub struct Conversation {
    first: ClientFirst,
    password: String,
}

/// What a client makes of a password, a salt and a number of rounds (RFC 5802, section 3). As good as the password.
pub struct Keys {
    salt: Vec<u8>,
    iterations: u32,
    client: [u8; 32],
    server: [u8; 32],
}

/// A log-on for which the server has yet to show who it is.
pub struct Unproved {
    signature: [u8; 32],
}

impl Conversation {
    /// Begins, with a nonce of 1 to 128 visible characters without commas, never used before: 24 random octets in
    /// base64.
    #[must_use]
    pub fn new(name: &str, password: &str, nonce: &str) -> Self {
        let first = ClientFirst {
            could_bind: false,
            name: name.to_owned(),
            nonce: nonce.to_owned(),
        };
        Self {
            first,
            password: password.to_owned(),
        }
    }

    /// The first message.
    #[must_use]
    pub fn first(&self) -> String {
        self.first.write()
    }

    /// Answers the server's first message with the last one of the client. Hashes, which takes some milliseconds.
    ///
    /// # Errors
    /// [`ScramError`], when the server is not to be answered.
    pub fn answer(&self, challenge: &str) -> Result<(String, Unproved), ScramError> {
        let keys = Keys::derive(&self.password, challenge)?;
        self.answer_with(challenge, &keys)
    }

    /// The same with keys that were derived before, as a client may keep them that logs on often.
    ///
    /// # Errors
    /// [`ScramError`], when the server is not to be answered. Keys of another salt or number of rounds are
    /// [`ScramError::OtherKeys`].
    pub fn answer_with(&self, challenge: &str, keys: &Keys) -> Result<(String, Unproved), ScramError> {
        let challenge = ServerFirst::parse(challenge).ok_or(ScramError::Malformed)?;
        if !challenge.nonce.starts_with(&self.first.nonce) || challenge.nonce == self.first.nonce {
            return Err(ScramError::Nonce);
        }
        if challenge.salt != keys.salt || challenge.iterations != keys.iterations {
            return Err(ScramError::OtherKeys);
        }
        let stored_key: [u8; 32] = Sha256::digest(keys.client).into();
        let mut last = ClientFinal {
            could_bind: self.first.could_bind,
            nonce: challenge.nonce.clone(),
            proof: [0; 32],
        };
        let signed = auth_message(&self.first, &challenge, &last);
        last.proof = hmac(&stored_key, signed.as_bytes());
        for (octet, key) in last.proof.iter_mut().zip(keys.client) {
            *octet ^= key;
        }
        let signature = hmac(&keys.server, signed.as_bytes());
        Ok((last.write(), Unproved { signature }))
    }
}

impl Keys {
    /// Hashes the password as the server's first message asks, which takes some milliseconds.
    ///
    /// # Errors
    /// [`ScramError::Malformed`], [`ScramError::Iterations`].
    pub fn derive(password: &str, challenge: &str) -> Result<Self, ScramError> {
        let ServerFirst { salt, iterations, .. } =
            ServerFirst::parse(challenge).ok_or(ScramError::Malformed)?;
        if !ITERATIONS.contains(&iterations) {
            return Err(ScramError::Iterations(iterations));
        }
        let prepared = stringprep::saslprep(password).unwrap_or_else(|_| password.into());
        let salted: [u8; 32] =
            pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(prepared.as_bytes(), &salt, iterations);
        Ok(Self {
            client: hmac(&salted, b"Client Key"),
            server: hmac(&salted, b"Server Key"),
            salt,
            iterations,
        })
    }

    /// The salt they were derived with.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }
}

impl Unproved {
    /// Checks the server's last message, which `welcome` carries. Whoever skips this may talk to anybody.
    ///
    /// # Errors
    /// [`ScramError::Malformed`], [`ScramError::NotTheServer`].
    pub fn verify(&self, last: &str) -> Result<(), ScramError> {
        let last = ServerFinal::parse(last).ok_or(ScramError::Malformed)?;
        if bool::from(last.signature.ct_eq(&self.signature)) {
            Ok(())
        } else {
            Err(ScramError::NotTheServer)
        }
    }
}

fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(message).finalize().into_bytes().into()
}
