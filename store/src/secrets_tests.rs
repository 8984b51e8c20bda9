use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rvp::Principal;

fn octets<const N: usize>(text: &str) -> [u8; N] {
    STANDARD.decode(text).unwrap().try_into().unwrap()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn alice(nt_domain: &str) -> LegacyNames {
    LegacyNames {
        principal: Principal::from_address("alice@im.example.com").unwrap(),
        nt_domain: nt_domain.to_owned(),
    }
}

#[test]
fn a_digest_secret_is_the_one_of_the_check_vector() {
    let secrets = Secrets::derive("s3cret", Some(&alice("EXAMPLE"))).unwrap();
    let ha1 = *secrets.legacy.unwrap().ha1(r"EXAMPLE\alice").unwrap();
    assert_eq!(hex(&ha1), "973039f95deb3ff5f529532ac8b3f5d0");
}

#[test]
fn every_spelling_has_a_digest_secret_of_its_own() {
    let legacy = Secrets::derive("s3cret", Some(&alice("EXAMPLE")))
        .unwrap()
        .legacy
        .unwrap();
    let names: Vec<_> = legacy
        .digest
        .iter()
        .map(|secret| secret.username.as_str())
        .collect();
    assert_eq!(
        names,
        ["alice", "alice@im.example.com", r"EXAMPLE\alice", "EXAMPLE/alice"]
    );
    let mut hashes: Vec<_> = legacy.digest.iter().map(|secret| secret.ha1).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 4);
    assert_eq!(legacy.ha1("example/alice"), None);
}

#[test]
fn without_a_windows_domain_there_are_two_spellings() {
    assert_eq!(alice("").spellings(), ["alice", "alice@im.example.com"]);
}

#[test]
fn the_nt_hash_is_md4_of_the_password_in_utf_16() {
    let hash = |password| {
        Secrets::derive(password, Some(&alice("")))
            .unwrap()
            .legacy
            .unwrap()
            .nt_hash
    };
    // The well-known hash of this password, found in every description of NTLM.
    assert_eq!(hex(&hash("password")), "8846f7eaee8fb117ad06bdd830b7586c");
    assert_ne!(hash("pässword"), hash("password"));
}

#[test]
fn without_names_there_are_no_legacy_secrets() {
    assert_eq!(Secrets::derive("s3cret", None).unwrap().legacy, None);
}

/// The exchange in RFC 7677, section 3.
const AUTH_MESSAGE: &[u8] = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
    r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
    c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

fn verifier_of(password: &str) -> ScramVerifier {
    scram::derive_with(password, octets("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096).unwrap()
}

#[test]
fn the_proof_of_the_rfc_is_answered_with_the_signature_of_the_rfc() {
    let proof = octets("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    let signature = octets("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert_eq!(
        verifier_of("pencil").verify_proof(AUTH_MESSAGE, &proof),
        Some(signature)
    );
}

#[test]
fn a_proof_with_one_bit_wrong_is_refused() {
    let mut proof = octets("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    proof[31] ^= 1;
    assert_eq!(verifier_of("pencil").verify_proof(AUTH_MESSAGE, &proof), None);
    proof[31] ^= 1;
    assert_eq!(
        verifier_of("pencil").verify_proof(b"n=user,r=another", &proof),
        None
    );
}

#[test]
fn a_verifier_knows_its_password_and_no_other() {
    let verifier = ScramVerifier::derive("s3cret").unwrap();
    assert!(verifier.verify_password("s3cret"));
    assert!(!verifier.verify_password("s3creT"));
    assert!(!verifier.verify_password(""));
    assert!(!verifier.verify_password(&"s".repeat(PASSWORD_CHARS_MAX + 1)));
    assert_eq!(verifier.iterations, ITERATIONS);
}

#[test]
fn one_password_derived_twice_has_two_salts() {
    let (one, two) = (
        ScramVerifier::derive("s3cret").unwrap(),
        ScramVerifier::derive("s3cret").unwrap(),
    );
    assert_ne!(one.salt, two.salt);
    assert_ne!(one.stored_key, two.stored_key);
}

#[test]
fn one_password_typed_on_two_systems_is_one_password() {
    let verifier = verifier_of("p\u{e4}ss wort");
    assert!(verifier.verify_password("pa\u{308}ss\u{a0}wort"));
    assert!(!verifier.verify_password("pass wort"));
}

#[test]
fn a_password_that_saslprep_refuses_counts_as_typed() {
    let verifier = verifier_of("s3cret \u{1f980}");
    assert!(verifier.verify_password("s3cret \u{1f980}"));
    assert!(!verifier.verify_password("s3cret \u{1f981}"));
}

#[test]
fn a_password_that_cannot_be_used_is_refused() {
    let refused = |password: &str| Secrets::derive(password, None).unwrap_err();
    assert_eq!(refused(""), PasswordError::Empty);
    assert_eq!(
        refused("\u{ad}"),
        PasswordError::Empty,
        "nothing is left of it once prepared"
    );
    assert_eq!(refused("s3cret\n"), PasswordError::ControlCharacter);
    assert_eq!(refused("s3\0cret"), PasswordError::ControlCharacter);
    assert_eq!(
        refused(&"ß".repeat(PASSWORD_CHARS_MAX + 1)),
        PasswordError::TooLong
    );
    assert!(Secrets::derive(&"ß".repeat(PASSWORD_CHARS_MAX), None).is_ok());
}

#[test]
fn debug_output_contains_no_secret() {
    let secrets = Secrets {
        scram: ScramVerifier {
            salt: [0x5a; 16],
            iterations: 4096,
            stored_key: [0x5b; 32],
            server_key: [0x5c; 32],
        },
        legacy: Some(LegacySecrets {
            nt_hash: [0x5d; 16],
            digest: vec![DigestSecret {
                username: "alice".to_owned(),
                ha1: [0x5e; 16],
            }],
        }),
    };
    let shown = format!("{secrets:?} {secrets:#?}");
    assert!(shown.contains("alice") && shown.contains("4096"), "{shown}");
    for octet in 0x5a..=0x5e_u8 {
        assert!(
            !shown.contains(&octet.to_string()) && !shown.contains(&format!("{octet:x}")),
            "{shown}"
        );
    }
}

#[test]
fn a_shared_verifier_opens_every_account_and_each_has_its_own_old_secrets() {
    let names = |address: &str| LegacyNames {
        principal: Principal::from_address(address).unwrap(),
        nt_domain: String::new(),
    };
    let (alice, bob) = (names("alice@im.example.com"), names("bob@im.example.com"));
    let first = Secrets::derive("s3cret", Some(&alice)).unwrap();
    let second = first.shared("s3cret", Some(&bob)).unwrap();
    assert!(second.scram == first.scram && second.scram.verify_password("s3cret"));
    let legacy = second.legacy.unwrap();
    assert!(legacy.ha1("bob").is_some() && legacy.ha1("alice").is_none());
    assert_eq!(first.shared("", None).unwrap_err(), PasswordError::Empty);
}
