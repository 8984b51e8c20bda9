use super::*;
use proptest::prelude::*;
use rvp::Principal;
use rvp::credentials::{DigestAnswer, DigestQop, NtlmAnswer};
use std::sync::LazyLock;
use store::{LegacyNames, Secrets};

const CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

static ALICE: LazyLock<Account> = LazyLock::new(|| account("alice@im.example.com", "s3cret", "EXAMPLE"));

/// The account of the published NTLM vectors.
static USER: LazyLock<Account> = LazyLock::new(|| account("user@im.example.com", "Password", "Domain"));

fn account(address: &str, password: &str, nt_domain: &str) -> Account {
    let principal = Principal::from_address(address).unwrap();
    let names = LegacyNames {
        principal: principal.clone(),
        nt_domain: nt_domain.to_owned(),
    };
    Account {
        principal,
        display_name: String::new(),
        email: String::new(),
        disabled: false,
        secrets: Secrets::derive(password, Some(&names)).unwrap(),
    }
}

/// The check vector of spec 6.3.
fn digest() -> DigestAnswer {
    DigestAnswer {
        username: "EXAMPLE\\alice".into(),
        realm: "im.example.com".into(),
        nonce: "0f1e2d3c4b5a69788796a5b4c3d2e1f0".into(),
        uri: "/instmsg/aliases/alice".into(),
        response: "2b722b94d0c9f78c41ebf604342f2a5e".into(),
        qop: Some(DigestQop {
            nc: "00000001".into(),
            cnonce: "7b1d".into(),
        }),
    }
}

fn ntlm(lm_response: &str, nt_response: &str) -> NtlmAnswer {
    let (user, domain) = ("User".into(), "Domain".into());
    NtlmAnswer {
        user,
        domain,
        lm_response: octets(lm_response),
        nt_response: octets(nt_response),
    }
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

const LM: &str = "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13";
const SESSION_LM: &str = "aaaaaaaaaaaaaaaa00000000000000000000000000000000";
const VERSION_1: &str = "67c43011f30298a2ad35ece64f16331c44bdbed927841f94";
const SESSION: &str = "7537f803ae367128ca458204bde7caf81e97ed2683267232";
/// Proof, head with the client's challenge, domain and server name, end mark, padding.
const VERSION_2: &str = "68cd0ab851e51c96aabc927bebef6a1c\
    01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000\
    02000c0044006f006d00610069006e00\
    01000c00530065007200760065007200\
    0000000000000000";

fn check_digest(answer: DigestAnswer) -> Result<Credential, Rejected> {
    let proof = Proof::Digest {
        answer,
        method: "SUBSCRIBE".into(),
    };
    verify(&ALICE, &proof).map(|authenticated| authenticated.credential)
}

fn check_ntlm(answer: NtlmAnswer) -> Result<Credential, Rejected> {
    let proof = Proof::Ntlm {
        answer,
        challenge: CHALLENGE,
    };
    verify(&USER, &proof).map(|authenticated| authenticated.credential)
}

#[test]
fn the_digest_vector_is_accepted_with_and_without_qop() {
    assert_eq!(check_digest(digest()), Ok(Credential::Digest));
    let upper = DigestAnswer {
        response: digest().response.to_uppercase(),
        ..digest()
    };
    assert_eq!(check_digest(upper), Ok(Credential::Digest));
    let old = DigestAnswer {
        qop: None,
        response: "5937fb91f9370804975f6fd53f5d8380".into(),
        ..digest()
    };
    assert_eq!(check_digest(old), Ok(Credential::Digest));
}

#[test]
fn a_digest_that_differs_in_anything_it_covers_is_wrong() {
    let other = |change: fn(&mut DigestAnswer)| {
        let mut answer = digest();
        change(&mut answer);
        check_digest(answer)
    };
    let wrong = Err(Rejected::WrongSecret);
    assert_eq!(other(|answer| answer.username = "alice".into()), wrong);
    assert_eq!(other(|answer| answer.username = "example\\alice".into()), wrong);
    assert_eq!(other(|answer| answer.username = "bob".into()), wrong);
    assert_eq!(other(|answer| answer.realm = "IM.example.com".into()), wrong);
    assert_eq!(other(|answer| answer.nonce.push('0')), wrong);
    assert_eq!(other(|answer| answer.uri = "/instmsg/aliases/bob".into()), wrong);
    assert_eq!(other(|answer| answer.response = "0".repeat(32)), wrong);
    assert_eq!(other(|answer| answer.qop = None), wrong);
    let method = Proof::Digest {
        answer: digest(),
        method: "NOTIFY".into(),
    };
    assert_eq!(verify(&ALICE, &method), Err(Rejected::WrongSecret));
}

#[test]
fn a_digest_with_a_bad_response_or_a_huge_field_is_malformed() {
    let full_width = "\u{ff11}\u{ff11}".to_owned() + &"1".repeat(26);
    for response in [
        "",
        "12",
        &"g".repeat(32),
        &"1".repeat(33),
        &"é".repeat(16),
        &full_width,
    ] {
        let answer = DigestAnswer {
            response: response.to_owned(),
            ..digest()
        };
        assert_eq!(check_digest(answer), Err(Rejected::Malformed), "{response}");
    }
    let answer = DigestAnswer {
        uri: "/".repeat(100_000),
        ..digest()
    };
    assert_eq!(check_digest(answer), Err(Rejected::Malformed));
}

#[test]
fn every_published_ntlm_answer_is_accepted() {
    for (lm, nt) in [
        (LM, VERSION_1),
        ("", VERSION_1),
        (SESSION_LM, SESSION),
        ("", VERSION_2),
    ] {
        assert_eq!(check_ntlm(ntlm(lm, nt)), Ok(Credential::Ntlm), "{nt}");
    }
}

#[test]
fn an_ntlm_answer_to_another_challenge_is_wrong() {
    for (lm, nt) in [(LM, VERSION_1), (SESSION_LM, SESSION), ("", VERSION_2)] {
        let proof = Proof::Ntlm {
            answer: ntlm(lm, nt),
            challenge: [7; 8],
        };
        assert_eq!(verify(&USER, &proof), Err(Rejected::WrongSecret), "{nt}");
    }
}

#[test]
fn an_ntlm_answer_for_another_name_is_wrong_even_with_the_same_password() {
    for user in ["bob", "", "user2", "DOMAIN\\bob", "bob@user"] {
        let answer = NtlmAnswer {
            user: user.into(),
            ..ntlm(LM, VERSION_1)
        };
        assert_eq!(check_ntlm(answer), Err(Rejected::WrongSecret), "{user}");
    }
}

#[test]
fn the_lm_response_alone_proves_nothing() {
    assert_eq!(check_ntlm(ntlm(LM, "")), Err(Rejected::Malformed));
    assert_eq!(check_ntlm(ntlm(LM, LM)), Err(Rejected::WrongSecret));
    assert_eq!(check_ntlm(ntlm("", "")), Err(Rejected::Malformed));
}

#[test]
fn an_ntlm_answer_cut_short_or_too_long_is_malformed() {
    for length in [1, 16, 23, 25, 43] {
        let cut = &VERSION_2[..2 * length];
        assert_eq!(check_ntlm(ntlm("", cut)), Err(Rejected::Malformed), "{length}");
    }
    let long = NtlmAnswer {
        nt_response: vec![1; 100_000],
        ..ntlm("", "")
    };
    assert_eq!(check_ntlm(long), Err(Rejected::Malformed));
    let long = NtlmAnswer {
        user: "u".repeat(100_000),
        ..ntlm(LM, VERSION_1)
    };
    assert_eq!(check_ntlm(long), Err(Rejected::Malformed));
}

#[test]
fn an_account_without_legacy_secrets_allows_neither() {
    let mut account = ALICE.clone();
    account.secrets.legacy = None;
    let proof = Proof::Digest {
        answer: digest(),
        method: "SUBSCRIBE".into(),
    };
    assert_eq!(verify(&account, &proof), Err(Rejected::NotAllowed));
    let proof = Proof::Ntlm {
        answer: ntlm(LM, VERSION_1),
        challenge: CHALLENGE,
    };
    assert_eq!(verify(&account, &proof), Err(Rejected::NotAllowed));
}

#[test]
fn only_who_knows_the_password_learns_that_the_account_is_disabled() {
    let account = Account {
        disabled: true,
        ..ALICE.clone()
    };
    let right = Proof::Digest {
        answer: digest(),
        method: "SUBSCRIBE".into(),
    };
    assert_eq!(verify(&account, &right), Err(Rejected::Disabled));
    let wrong = Proof::Digest {
        answer: digest(),
        method: "NOTIFY".into(),
    };
    assert_eq!(verify(&account, &wrong), Err(Rejected::WrongSecret));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just("alice".to_owned()),
        Just("User".to_owned()),
        "[0-9a-fA-F]{32}"
    ]
}

fn any_octets() -> impl Strategy<Value = Vec<u8>> {
    let blob = prop::collection::vec(any::<u8>(), 0..64);
    let blob = blob.prop_map(|tail| [vec![7; 16], vec![1, 1], vec![0; 26], tail].concat());
    let lengths = prop_oneof![Just(0_usize), Just(24), Just(44), 0..100_usize, 2000..3000_usize];
    prop_oneof![
        lengths.prop_flat_map(|length| prop::collection::vec(any::<u8>(), length)),
        blob
    ]
}

proptest! {
    #[test]
    fn a_random_digest_is_rejected(
        username in any_text(), realm in prop_oneof![any_text(), Just("im.example.com".to_owned())],
        nonce in any_text(), uri in any_text(), response in any_text(),
        qop in prop::option::of((any_text(), any_text())), method in any_text(),
    ) {
        let qop = qop.map(|(nc, cnonce)| DigestQop { nc, cnonce });
        let answer = DigestAnswer { username, realm, nonce, uri, response, qop };
        let proof = Proof::Digest { answer, method };
        prop_assert!(verify(&ALICE, &proof).is_err());
    }

    #[test]
    fn a_random_ntlm_answer_is_rejected(
        user in any_text(), domain in any_text(), lm_response in any_octets(), nt_response in any_octets(),
        challenge in any::<[u8; 8]>(),
    ) {
        let answer = NtlmAnswer { user, domain, lm_response, nt_response };
        let proof = Proof::Ntlm { answer, challenge };
        prop_assert!(verify(&USER, &proof).is_err());
    }

    #[test]
    fn a_right_ntlm_answer_with_one_bit_turned_is_rejected(
        (lm, nt) in prop_oneof![Just((LM, VERSION_1)), Just((SESSION_LM, SESSION)), Just(("", VERSION_2))],
        bit in any::<prop::sample::Index>(),
    ) {
        let mut answer = ntlm(lm, nt);
        let bit = bit.index(answer.nt_response.len() * 8);
        answer.nt_response[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(check_ntlm(answer).is_err());
    }
}
