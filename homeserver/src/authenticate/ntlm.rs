//! NTLM: version 1, version 1 with session security ("NTLM2"), and version 2 (spec 6.2).
//!
//! Version 1 is weak, and it is what the clients of the time speak. The LM response is never enough: it
//! proves half a password at a time.

use super::Rejected;
use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use rvp::credentials::NtlmAnswer;
use rvp::limits::HEADER_CHARS_MAX;
use store::LegacySecrets;
use subtle::ConstantTimeEq;

/// Octets of a version 1 response, and of every LM response.
const RESPONSE: usize = 24;

/// Octets of the proof at the front of a version 2 response.
const PROOF: usize = 16;

/// Octets of the blob after the proof, before its list of attributes: two versions, six reserved, time,
/// client's challenge, four reserved.
const BLOB_HEAD: usize = 28;

/// Checks an NTLM answer to a challenge. The time in a version 2 answer is not looked at: the challenge is
/// fresh already, and clients' clocks are wrong.
pub(super) fn verify(
    legacy: &LegacySecrets,
    name: &str,
    answer: &NtlmAnswer,
    challenge: [u8; 8],
) -> Result<(), Rejected> {
    if !is_bounded(answer) {
        return Err(Rejected::Malformed);
    }
    // A version 1 answer does not cover the name, so without this any account with the same password would do.
    if !account(&answer.user).eq_ignore_ascii_case(name) {
        return Err(Rejected::WrongSecret);
    }
    let right = match answer.nt_response.len() {
        RESPONSE => {
            let challenge = session_challenge(&answer.lm_response, challenge).unwrap_or(challenge);
            version_1(&legacy.nt_hash, challenge).ct_eq(answer.nt_response.as_slice())
        }
        length if length >= PROOF + BLOB_HEAD => {
            let (proof, blob) = answer.nt_response.split_at(PROOF);
            if !is_blob(blob) {
                return Err(Rejected::Malformed);
            }
            let key = version_2_key(&legacy.nt_hash, &answer.user, &answer.domain);
            hmac_md5(&key, &[&challenge, blob]).ct_eq(proof)
        }
        // Nothing, an LM response alone, or something cut short.
        _ => return Err(Rejected::Malformed),
    };
    if bool::from(right) {
        Ok(())
    } else {
        Err(Rejected::WrongSecret)
    }
}

/// Hashing is work whose amount a stranger must not choose.
fn is_bounded(answer: &NtlmAnswer) -> bool {
    let lengths = [
        answer.user.len(),
        answer.domain.len(),
        answer.lm_response.len(),
        answer.nt_response.len(),
    ];
    lengths.iter().all(|length| *length <= HEADER_CHARS_MAX)
}

/// The bare name in `name`, `name@domain` or `DOMAIN\name`.
fn account(user: &str) -> &str {
    let name = user.rsplit_once('\\').map_or(user, |(_, name)| name);
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// With session security the client puts its own challenge, then zeros, in place of the LM response, and
/// answers a mix of both challenges. All zeros is how some clients leave the LM response out.
fn session_challenge(lm_response: &[u8], challenge: [u8; 8]) -> Option<[u8; 8]> {
    if lm_response.len() != RESPONSE {
        return None;
    }
    let (client, rest) = lm_response.split_at(8);
    if rest.iter().any(|octet| *octet != 0) || client.iter().all(|octet| *octet == 0) {
        return None;
    }
    let mixed = Md5::new().chain_update(challenge).chain_update(client).finalize();
    mixed.first_chunk().copied()
}

/// The challenge under three DES keys, which are the NT hash and five zeros cut in three.
fn version_1(nt_hash: &[u8; 16], challenge: [u8; 8]) -> [u8; RESPONSE] {
    let mut keys = [0; 21];
    keys[..16].copy_from_slice(nt_hash);
    let mut response = [0; RESPONSE];
    for (part, key) in response.chunks_exact_mut(8).zip(keys.as_chunks::<7>().0) {
        let mut block = challenge.into();
        Des::new(&des_key(key).into()).encrypt_block(&mut block);
        part.copy_from_slice(&block);
    }
    response
}

/// Spreads 56 bits over eight octets of seven; the lowest bit of each is parity, which DES ignores.
fn des_key(bits: &[u8; 7]) -> [u8; 8] {
    let all = bits.iter().fold(0_u64, |all, octet| all << 8 | u64::from(*octet));
    std::array::from_fn(|index| ((all >> (49 - 7 * index)) as u8) << 1)
}

/// NTOWFv2: the NT hash bound to the user and the domain as the client spells them.
fn version_2_key(nt_hash: &[u8; 16], user: &str, domain: &str) -> [u8; 16] {
    let upper: String = user.chars().map(upper).collect();
    let wide: Vec<u8> = upper
        .encode_utf16()
        .chain(domain.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    hmac_md5(nt_hash, &[&wide])
}

/// One character for one, as Windows does it: `ß` stays.
fn upper(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        (Some(_) | None, _) => letter,
    }
}

fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Whether the versions are 1 and the attributes fit their lengths up to the end mark. Octets after the mark
/// are padding; a client that was given no attributes may leave the mark out.
fn is_blob(blob: &[u8]) -> bool {
    let Some((head, mut attributes)) = blob.split_at_checked(BLOB_HEAD) else {
        return false;
    };
    if !head.starts_with(&[1, 1]) {
        return false;
    }
    while let Some(([id_low, id_high, length_low, length_high], rest)) = attributes.split_first_chunk() {
        if (*id_low, *id_high) == (0, 0) {
            return true;
        }
        let length = usize::from(u16::from_le_bytes([*length_low, *length_high]));
        match rest.get(length..) {
            Some(rest) => attributes = rest,
            None => return false,
        }
    }
    attributes.is_empty()
}

#[cfg(test)]
#[path = "ntlm_tests.rs"]
mod tests;
