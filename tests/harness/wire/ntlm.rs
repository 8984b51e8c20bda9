//! NTLM from the client's side: version 1 as librvp and Net-RVP do it, version 2 as Windows does it for Miranda
//! (spec 6.2; MS-NLMP).

use super::{Style, Wire};
use crate::accounts::NT_DOMAIN;
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use http::HeaderValue;
use md4::Md4;
use md5::{Digest, Md5};
use rvp::credentials::NtlmChallenge;

const WORKSTATION: &str = "DESK";
/// What librvp offers: Unicode, OEM, the target's name, NTLM.
const FLAGS_OLD: u32 = 0x0000_0207;
/// What Windows offers: the same and extended session security, 128 and 56 bits, a version.
const FLAGS_WINDOWS: u32 = 0xa208_b207;
/// The client's own challenge in version 2. Real ones are random; nothing hangs on it.
const CLIENT_CHALLENGE: [u8; 8] = [0xaa; 8];

/// What asks for a challenge, in base64: type 1.
#[must_use]
pub fn negotiate(wire: &Wire) -> String {
    let flags = match wire.style {
        Style::Librvp | Style::NetRvp => FLAGS_OLD,
        Style::Miranda => FLAGS_WINDOWS,
    };
    let mut message = Message::begin(1, 40);
    message.fixed.extend(flags.to_le_bytes());
    message.field(NT_DOMAIN.as_bytes());
    message.field(WORKSTATION.as_bytes());
    message.fixed.extend([0; 8]);
    message.finish()
}

/// What answers a challenge in base64: type 3, with no session key and, as librvp, without flags.
///
/// # Errors
/// When the challenge is none.
pub fn authenticate(wire: &Wire, challenge: &str) -> anyhow::Result<String> {
    let challenge = HeaderValue::from_str(&format!("NTLM {challenge}"))?;
    let challenge = NtlmChallenge::parse(&challenge).context("read a challenge")?;
    let nt_hash: [u8; 16] = Md4::digest(utf16(&wire.password)).into();
    let (lm, nt) = match wire.style {
        Style::Librvp | Style::NetRvp => (
            response(&lm_hash(&wire.password), challenge.challenge),
            response(&nt_hash, challenge.challenge),
        ),
        Style::Miranda => version_2(&nt_hash, wire.me.name(), &challenge),
    };
    let mut message = Message::begin(3, 64);
    message.field(&lm);
    message.field(&nt);
    message.field(&utf16(NT_DOMAIN));
    message.field(&utf16(wire.me.name()));
    message.field(&utf16(WORKSTATION));
    message.field(&[]);
    message.fixed.extend([0; 4]);
    Ok(message.finish())
}

/// The responses of version 2: LM and NT.
fn version_2(nt_hash: &[u8; 16], user: &str, challenge: &NtlmChallenge) -> (Vec<u8>, Vec<u8>) {
    let key = hmac(nt_hash, &[&utf16(&user.to_uppercase()), &utf16(NT_DOMAIN)]);
    let blob = [
        &[1, 1, 0, 0, 0, 0, 0, 0][..],
        // The time, which nobody looks at.
        &[0; 8],
        &CLIENT_CHALLENGE,
        &[0; 4],
        &challenge.target_info,
        &[0; 4],
    ]
    .concat();
    let proof = hmac(&key, &[&challenge.challenge, &blob]);
    let lm = hmac(&key, &[&challenge.challenge, &CLIENT_CHALLENGE]);
    (
        [&lm[..], &CLIENT_CHALLENGE].concat(),
        [&proof[..], &blob].concat(),
    )
}

/// The response of version 1: the challenge under three DES keys cut from a hash.
fn response(hash: &[u8; 16], challenge: [u8; 8]) -> Vec<u8> {
    let padded = [&hash[..], &[0; 5]].concat();
    padded.chunks(7).flat_map(|key| des(key, challenge)).collect()
}

/// The old hash of a password: the first fourteen letters, in capitals, as two DES keys.
fn lm_hash(password: &str) -> [u8; 16] {
    let mut letters = [0; 14];
    for (place, letter) in letters.iter_mut().zip(password.to_uppercase().bytes()) {
        *place = letter;
    }
    let mut hash = [0; 16];
    hash[..8].copy_from_slice(&des(&letters[..7], *b"KGS!@#$%"));
    hash[8..].copy_from_slice(&des(&letters[7..], *b"KGS!@#$%"));
    hash
}

fn des(key: &[u8], block: [u8; 8]) -> [u8; 8] {
    let bits = key
        .iter()
        .fold(0_u64, |bits, octet| bits << 8 | u64::from(*octet));
    // Seven bits in each octet; the eighth is parity, which is not looked at.
    let spread: [u8; 8] = std::array::from_fn(|index| ((bits >> (49 - 7 * index)) as u8) << 1);
    let mut block = block.into();
    Des::new(&spread.into()).encrypt_block(&mut block);
    block.into()
}

fn hmac(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A message being written: descriptors in the fixed part, what they point to behind it.
struct Message {
    fixed: Vec<u8>,
    payload: Vec<u8>,
    /// Where the payload begins.
    begins: usize,
}

impl Message {
    fn begin(kind: u32, begins: usize) -> Self {
        let fixed = [&b"NTLMSSP\0"[..], &kind.to_le_bytes()].concat();
        Self {
            fixed,
            payload: Vec::new(),
            begins,
        }
    }

    fn field(&mut self, octets: &[u8]) {
        let length = u16::try_from(octets.len())
            .expect("fields are short")
            .to_le_bytes();
        let at = u32::try_from(self.begins + self.payload.len()).expect("messages are short");
        self.fixed.extend([length, length].concat());
        self.fixed.extend(at.to_le_bytes());
        self.payload.extend(octets);
    }

    fn finish(self) -> String {
        STANDARD.encode([self.fixed, self.payload].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The vectors of MS-NLMP 4.2: password `Password`, user `User`, domain `Domain`.
    #[test]
    fn the_published_vectors_of_version_1_come_out() {
        let challenge = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let nt_hash: [u8; 16] = Md4::digest(utf16("Password")).into();
        assert_eq!(hex(&nt_hash), "a4f49c406510bdcab6824ee7c30fd852");
        assert_eq!(
            hex(&response(&nt_hash, challenge)),
            "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"
        );
        assert_eq!(hex(&lm_hash("Password")), "e52cac67419a9a224a3b108f3fa6cb6d");
        assert_eq!(
            hex(&response(&lm_hash("Password"), challenge)),
            "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13"
        );
    }
}
