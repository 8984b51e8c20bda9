//! What somebody showed to prove who they are. Handed to their home server exactly as it was sent.

use super::Error;
use crate::op::Proof;
use crate::v1;
use crate::v1::authenticate::Proof as Wire;
use rvp::credentials::{DigestAnswer, DigestQop, NtlmAnswer};

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
