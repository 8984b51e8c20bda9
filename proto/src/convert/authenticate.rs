//! What somebody showed to prove who they are. Handed to their home server exactly as it was sent.

use super::{Error, enumerated};
use crate::op::{Authenticated, Detach, Proof, ScramSalt};
use crate::v1;
use crate::v1::authenticate::Proof as Wire;
use bytes::Bytes;
use rvp::credentials::{DigestAnswer, DigestQop, NtlmAnswer};

/// Octets of what both sides of SCRAM sign.
const SIGNED_BYTES_MAX: usize = 8 * 1024;

impl From<Proof> for Wire {
    fn from(proof: Proof) -> Self {
        match proof {
            Proof::Digest { answer, method } => Self::Digest(digest(answer, method)),
            Proof::Ntlm { answer, challenge } => Self::Ntlm(v1::NtlmProof {
                challenge: challenge.to_vec().into(),
                domain: answer.domain,
                user: answer.user,
                lm_response: answer.lm_response.into(),
                nt_response: answer.nt_response.into(),
            }),
            Proof::Scram { signed, proof } => Self::Scram(v1::ScramProof {
                signed,
                proof: proof.to_vec().into(),
            }),
            Proof::Token { generation } => Self::Token(v1::TokenProof { generation }),
        }
    }
}

fn digest(answer: DigestAnswer, method: String) -> v1::DigestProof {
    let (qop, DigestQop { nc, cnonce }) = match answer.qop {
        Some(qop) => (true, qop),
        None => (
            false,
            DigestQop {
                nc: String::new(),
                cnonce: String::new(),
            },
        ),
    };
    v1::DigestProof {
        username: answer.username,
        realm: answer.realm,
        nonce: answer.nonce,
        uri: answer.uri,
        response: answer.response,
        qop,
        nc,
        cnonce,
        method,
    }
}

impl TryFrom<Wire> for Proof {
    type Error = Error;

    fn try_from(message: Wire) -> Result<Self, Error> {
        match message {
            Wire::Digest(proof) => Ok(proof.into()),
            Wire::Ntlm(proof) => proof.try_into(),
            Wire::Scram(v1::ScramProof { signed, proof }) => Ok(Self::Scram {
                signed: bounded("ScramProof.signed", signed)?,
                proof: octets("ScramProof.proof", &proof)?,
            }),
            Wire::Token(v1::TokenProof { generation }) => Ok(Self::Token { generation }),
        }
    }
}

impl From<v1::DigestProof> for Proof {
    fn from(proof: v1::DigestProof) -> Self {
        let answer = DigestAnswer {
            username: proof.username,
            realm: proof.realm,
            nonce: proof.nonce,
            uri: proof.uri,
            response: proof.response,
            qop: proof.qop.then_some(DigestQop {
                nc: proof.nc,
                cnonce: proof.cnonce,
            }),
        };
        Self::Digest {
            answer,
            method: proof.method,
        }
    }
}

impl TryFrom<v1::NtlmProof> for Proof {
    type Error = Error;

    fn try_from(proof: v1::NtlmProof) -> Result<Self, Error> {
        let challenge = proof.challenge.as_ref().try_into();
        Ok(Self::Ntlm {
            challenge: challenge.map_err(|_| Error::OutOfRange("NtlmProof.challenge"))?,
            answer: NtlmAnswer {
                domain: proof.domain,
                user: proof.user,
                lm_response: proof.lm_response.into(),
                nt_response: proof.nt_response.into(),
            },
        })
    }
}

impl From<Authenticated> for v1::Authenticated {
    fn from(authenticated: Authenticated) -> Self {
        let signature = authenticated.signature;
        Self {
            credential: v1::Credential::from(authenticated.credential).into(),
            generation: authenticated.generation,
            signature: signature.map_or_else(Bytes::new, |signature| signature.to_vec().into()),
        }
    }
}

impl TryFrom<v1::Authenticated> for Authenticated {
    type Error = Error;

    fn try_from(message: v1::Authenticated) -> Result<Self, Error> {
        let signature = Some(message.signature).filter(|signature| !signature.is_empty());
        Ok(Self {
            credential: enumerated::<v1::Credential, _>("Authenticated.credential", message.credential)?,
            generation: message.generation,
            signature: signature
                .map(|signature| octets("Authenticated.signature", &signature))
                .transpose()?,
        })
    }
}

impl From<ScramSalt> for v1::Salt {
    fn from(salt: ScramSalt) -> Self {
        Self {
            salt: salt.salt.to_vec().into(),
            iterations: salt.iterations,
        }
    }
}

impl TryFrom<v1::Salt> for ScramSalt {
    type Error = Error;

    fn try_from(message: v1::Salt) -> Result<Self, Error> {
        Ok(Self {
            salt: octets("Salt.salt", &message.salt)?,
            iterations: message.iterations,
        })
    }
}

impl From<Detach> for v1::DetachReason {
    fn from(why: Detach) -> Self {
        match why {
            Detach::Resumed => Self::Resumed,
            Detach::Ended => Self::Ended,
        }
    }
}

impl TryFrom<v1::DetachReason> for Detach {
    type Error = Error;

    fn try_from(message: v1::DetachReason) -> Result<Self, Error> {
        match message {
            v1::DetachReason::Unspecified => Err(Error::Missing("DetachReason")),
            v1::DetachReason::Resumed => Ok(Self::Resumed),
            v1::DetachReason::Ended => Ok(Self::Ended),
        }
    }
}

fn octets<const N: usize>(field: &'static str, octets: &[u8]) -> Result<[u8; N], Error> {
    octets.try_into().map_err(|_| Error::OutOfRange(field))
}

/// What both sides of SCRAM sign has three messages of bounded length.
fn bounded(field: &'static str, text: String) -> Result<String, Error> {
    if text.len() > SIGNED_BYTES_MAX {
        return Err(Error::OutOfRange(field));
    }
    Ok(text)
}
