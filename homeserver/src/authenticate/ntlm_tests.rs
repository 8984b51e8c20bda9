//! The published vectors: user `User`, password `Password`, domain `Domain`.

use super::*;

const CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

const NT_HASH: [u8; 16] = [
    0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca, 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8, 0x52,
];

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn version_1_gives_the_published_response() {
    let response = version_1(&NT_HASH, CHALLENGE);
    assert_eq!(hex(&response), "67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
}

#[test]
fn session_security_gives_the_published_response() {
    let mut lm_response = [0; 24];
    lm_response[..8].fill(0xaa);
    let mixed = session_challenge(&lm_response, CHALLENGE).unwrap();
    let response = version_1(&NT_HASH, mixed);
    assert_eq!(hex(&response), "7537f803ae367128ca458204bde7caf81e97ed2683267232");
}

#[test]
fn a_real_or_missing_lm_response_is_not_session_security() {
    assert_eq!(session_challenge(&[0xaa; 24], CHALLENGE), None);
    assert_eq!(session_challenge(&[0; 24], CHALLENGE), None);
    assert_eq!(session_challenge(&[], CHALLENGE), None);
}

#[test]
fn version_2_gives_the_published_key_whatever_the_case_of_the_user() {
    for user in ["User", "user", "USER"] {
        assert_eq!(
            hex(&version_2_key(&NT_HASH, user, "Domain")),
            "0c868a403bfd7a93a3001ef22ef02e3f"
        );
    }
    assert_ne!(
        version_2_key(&NT_HASH, "User", "DOMAIN"),
        version_2_key(&NT_HASH, "User", "Domain")
    );
}

#[test]
fn a_letter_without_a_single_capital_stays() {
    assert_eq!(['ß', 'é', 'a', '1'].map(upper), ['ß', 'É', 'A', '1']);
}

#[test]
fn the_account_is_found_in_every_form_of_the_user() {
    for user in [
        "alice",
        "alice@im.example.com",
        "EXAMPLE\\alice",
        "EXAMPLE\\alice@example.com",
    ] {
        assert_eq!(account(user), "alice");
    }
}

#[test]
fn a_blob_must_have_its_versions_and_attributes_that_fit() {
    let blob = |attributes: &[u8]| [&[1, 1], [0; 26].as_slice(), attributes].concat();
    assert!(is_blob(&blob(&[])));
    assert!(is_blob(&blob(&[0, 0, 0, 0, 0, 0, 0, 0])));
    assert!(is_blob(&blob(&[2, 0, 2, 0, b'D', 0, 0, 0, 0, 0])));
    assert!(!is_blob(&blob(&[2, 0, 3, 0, b'D', 0])), "longer than the blob");
    assert!(!is_blob(&blob(&[2, 0, 0xff, 0xff])), "longer than the blob");
    assert!(!is_blob(&blob(&[2, 0, 0])), "cut short");
    assert!(!is_blob(&[1; 27]), "cut short");
    assert!(!is_blob(&[2; 28]), "another version");
}
