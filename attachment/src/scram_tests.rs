use super::*;
use proptest::prelude::*;

// RFC 7677, section 3.
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const CHALLENGE: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const ANSWER: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SIGNATURE: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

#[test]
fn the_client_says_what_the_standard_says() {
    let conversation = Conversation::new("user", "pencil", NONCE);
    assert_eq!(conversation.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let (answer, unproved) = conversation.answer(CHALLENGE).unwrap();
    assert_eq!(answer, ANSWER);
    assert_eq!(unproved.verify(SIGNATURE), Ok(()));
    let forged = SIGNATURE.replace("6rr", "7rr");
    assert_eq!(unproved.verify(&forged), Err(ScramError::NotTheServer));
    assert_eq!(unproved.verify("e=other-error"), Err(ScramError::Malformed));
}

#[test]
fn a_client_does_not_answer_whoever_shortens_the_work_or_answers_somebody_else() {
    let conversation = Conversation::new("user", "pencil", NONCE);
    let refused = |challenge: &str| conversation.answer(challenge).err();
    assert_eq!(
        refused(&CHALLENGE.replace("i=4096", "i=4095")),
        Some(ScramError::Iterations(4095))
    );
    assert_eq!(
        refused(&CHALLENGE.replace("i=4096", "i=1000001")),
        Some(ScramError::Iterations(1_000_001))
    );
    assert_eq!(
        refused(&CHALLENGE.replace("r=rO", "r=xO")),
        Some(ScramError::Nonce)
    );
    let echoed = "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    assert_eq!(refused(echoed), Some(ScramError::Nonce));
    for malformed in [
        "",
        "r=x",
        "r=,s=QQ==,i=1",
        "r=x,s=?,i=1",
        "r=x,s=QQ==,i=",
        "r=x,s=QQ==,i=1,x=1",
    ] {
        assert_eq!(refused(malformed), Some(ScramError::Malformed), "{malformed}");
    }
}

#[test]
fn the_server_signs_what_the_client_signs() {
    let first = ClientFirst::parse("n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
    let (challenge, last) = (
        ServerFirst::parse(CHALLENGE).unwrap(),
        ClientFinal::parse(ANSWER).unwrap(),
    );
    let signed = auth_message(&first, &challenge, &last);
    let expected = format!(
        "n=user,r={NONCE},{CHALLENGE},{}",
        ANSWER.split(",p=").next().unwrap()
    );
    assert_eq!(signed, expected);
}

#[test]
fn what_a_client_may_not_say_first_is_refused() {
    for bad in [
        "",
        "n,,",
        "n,,n=,r=x",
        "n,,n=alice",
        "n,,n=alice,r=",
        "n,,n=alice,r=a b",
        "p=tls-unique,,n=alice,r=x",
        "n,a=bob,n=alice,r=x",
        "n,,m=ext,n=alice,r=x",
        "n,,n=alice,r=x,x=1",
        "n,,n=a=41,r=x",
        "n,,n=a=,r=x",
        "n,,n=a=é,r=x",
    ] {
        assert_eq!(ClientFirst::parse(bad), None, "{bad}");
    }
    let named = ClientFirst::parse("y,,n=a=3Db=2Cc,r=x").unwrap();
    assert_eq!((named.name.as_str(), named.could_bind), ("a=b,c", true));
    let last = |c: &str| ClientFinal::parse(&ANSWER.replace("c=biws", c));
    assert!(last("c=eSws").unwrap().could_bind);
    assert_eq!(last("c=cD10bHM="), None, "a channel is bound");
    assert_eq!(ClientFinal::parse("c=biws,r=x,p=QQ=="), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read(name in "[^\u{0}]{1,40}", nonce in "[!-+\\--~]{1,128}", salt in prop::collection::vec(any::<u8>(), 0..40), iterations: u32, proof: [u8; 32], could_bind: bool) {
        let first = ClientFirst { could_bind, name, nonce: nonce.clone() };
        prop_assert_eq!(ClientFirst::parse(&first.write()), Some(first));
        let challenge = ServerFirst { nonce: nonce.clone(), salt, iterations };
        prop_assert_eq!(ServerFirst::parse(&challenge.write()), Some(challenge));
        let last = ClientFinal { could_bind, nonce, proof };
        prop_assert_eq!(ClientFinal::parse(&last.write()), Some(last));
        let server = ServerFinal { signature: proof };
        prop_assert_eq!(ServerFinal::parse(&server.write()), Some(server));
    }

    #[test]
    fn whatever_comes_is_answered(text in "\\PC{0,60}") {
        let _ = (ClientFirst::parse(&text), ServerFirst::parse(&text), ClientFinal::parse(&text), ServerFinal::parse(&text));
    }
}

#[test]
fn keys_that_are_kept_answer_like_the_password() {
    let conversation = Conversation::new("user", "pencil", NONCE);
    let keys = Keys::derive("pencil", CHALLENGE).unwrap();
    let (answer, unproved) = conversation.answer_with(CHALLENGE, &keys).unwrap();
    assert_eq!(answer, ANSWER);
    assert_eq!(unproved.verify(SIGNATURE), Ok(()));
    let other = CHALLENGE.replace("s=W22Z", "s=X22Z");
    assert_eq!(
        conversation.answer_with(&other, &keys).err(),
        Some(ScramError::OtherKeys)
    );
    assert!(Keys::derive("pencil", &CHALLENGE.replace("i=4096", "i=1")).is_err());
}
