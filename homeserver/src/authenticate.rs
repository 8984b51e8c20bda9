//! Whether somebody is who they say: the answer to a challenge against an account's secrets (spec 6.1 to 6.3).
//!
//! Pure: no I/O, no clock, no state. The router made the challenge, and sees to what only it can know: that
//! the nonce is one of its own and young enough, and that the URI in a Digest answer is the request's. Nothing
//! here logs, since everything here is a secret or a stranger's text.

mod digest;
mod ntlm;

use proto::{Authenticated, Proof};
use rvp::Credential;
use store::Account;

/// Why credentials do not count. A client is told the same of all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Rejected {
    /// The answer is not the one this account's password gives to this challenge, or names somebody else.
    #[error("the password or the user name is wrong")]
    WrongSecret,
    /// The account has no secrets for Digest and NTLM.
    #[error("the account does not allow Digest and NTLM; derive its secrets anew with them allowed")]
    NotAllowed,
    /// The answer is right, but the account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The token was made for a password of before.
    #[error("the token is of a password that was changed")]
    OldToken,
    /// The answer cannot be one to our challenge.
    #[error("the credentials are malformed")]
    Malformed,
}

/// Tells what a proof shows about the owner of an account.
///
/// How long it takes does not tell how much of an answer was right. That an account is disabled is told only
/// to who knows its password. SCRAM counts as Digest does: both answer a challenge with a hash of the password, and
/// people who allow or deny somebody by one mean the person. So does a token, which somebody got for such an answer.
///
/// # Errors
/// [`Rejected`], with its reason.
pub(crate) fn verify(account: &Account, proof: &Proof) -> Result<Authenticated, Rejected> {
    let legacy = || account.secrets.legacy.as_ref().ok_or(Rejected::NotAllowed);
    let (generation, mut signature) = (account.secrets.scram.generation(), None);
    let credential = match proof {
        Proof::Digest { answer, method } => {
            digest::verify(legacy()?, account.principal.domain_str(), answer, method)?;
            Credential::Digest
        }
        Proof::Ntlm { answer, challenge } => {
            ntlm::verify(legacy()?, account.principal.name(), answer, *challenge)?;
            Credential::Ntlm
        }
        Proof::Scram { signed, proof } => {
            let verified = account.secrets.scram.verify_proof(signed.as_bytes(), proof);
            signature = Some(verified.ok_or(Rejected::WrongSecret)?);
            Credential::Digest
        }
        Proof::Token { generation: of } if *of == generation => Credential::Digest,
        Proof::Token { .. } => return Err(Rejected::OldToken),
    };
    if account.disabled {
        return Err(Rejected::Disabled);
    }
    Ok(Authenticated {
        credential,
        generation,
        signature,
    })
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;
