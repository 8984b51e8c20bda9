//! Digest with MD5, as RFC 2617 with `qop="auth"` and as RFC 2069 without (spec 6.3).

use super::Rejected;
use md5::{Digest, Md5};
use rvp::credentials::DigestAnswer;
use rvp::limits::HEADER_CHARS_MAX;
use store::LegacySecrets;
use subtle::ConstantTimeEq;

/// Checks a Digest answer. The nonce count is not enforced: clients never advance it (spec 6.3).
pub(super) fn verify(
    legacy: &LegacySecrets,
    realm: &str,
    answer: &DigestAnswer,
    method: &str,
) -> Result<(), Rejected> {
    if !is_bounded(answer, method) {
        return Err(Rejected::Malformed);
    }
    let response = octets(&answer.response).ok_or(Rejected::Malformed)?;
    if answer.realm != realm {
        return Err(Rejected::WrongSecret);
    }
    // Under exactly the name as sent; other spellings give other hashes.
    let ha1 = legacy.ha1(&answer.username).ok_or(Rejected::WrongSecret)?;
    if bool::from(expected(ha1, answer, method).ct_eq(&response)) {
        Ok(())
    } else {
        Err(Rejected::WrongSecret)
    }
}

fn expected(ha1: &[u8; 16], answer: &DigestAnswer, method: &str) -> [u8; 16] {
    let (ha1, ha2) = (hex(ha1), hex(&md5(&[method, &answer.uri])));
    match &answer.qop {
        Some(qop) => md5(&[&ha1, &answer.nonce, &qop.nc, &qop.cnonce, "auth", &ha2]),
        None => md5(&[&ha1, &answer.nonce, &ha2]),
    }
}

/// MD5 of the parts with colons between them.
fn md5(parts: &[&str]) -> [u8; 16] {
    let mut hash = Md5::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Hashing is work whose amount a stranger must not choose.
fn is_bounded(answer: &DigestAnswer, method: &str) -> bool {
    let qop = answer.qop.as_ref().map_or(["", ""], |qop| [&qop.nc, &qop.cnonce]);
    let parts = [
        &answer.username,
        &answer.realm,
        &answer.nonce,
        &answer.uri,
        method,
    ];
    parts
        .iter()
        .chain(&qop)
        .all(|part| part.len() <= HEADER_CHARS_MAX)
}

fn hex(octets: &[u8; 16]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .filter_map(|four| char::from_digit(four.into(), 16))
        .collect()
}

/// What 32 hexadecimal digits, in either letter case, stand for.
fn octets(text: &str) -> Option<[u8; 16]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let octet = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    pairs
        .iter()
        .map(octet)
        .collect::<Option<Vec<u8>>>()?
        .try_into()
        .ok()
}
