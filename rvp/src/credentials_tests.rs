use super::*;

fn parse(text: &str) -> Result<Authorization, ParseError> {
    Authorization::parse(&HeaderValue::from_bytes(text.as_bytes()).unwrap())
}

fn librvp() -> DigestAnswer {
    DigestAnswer {
        username: r"EXAMPLE\alice".into(),
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

#[test]
fn digest_is_read_as_each_client_sends_it() {
    let all_quoted = r#"Digest username="EXAMPLE\alice", realm="im.example.com", nonce="0f1e2d3c4b5a69788796a5b4c3d2e1f0", uri="/instmsg/aliases/alice", response="2b722b94d0c9f78c41ebf604342f2a5e", qop="auth", algorithm="MD5", nc=00000001, cnonce="7b1d""#;
    let librvp_wants = Authorization::Digest(librvp());
    assert_eq!(parse(all_quoted).unwrap(), librvp_wants);
    let as_the_standard_says = all_quoted
        .replace(r#""auth""#, "auth")
        .replace(r#""MD5""#, "MD5")
        .replace(r"\", r"\\");
    assert_eq!(parse(&as_the_standard_says).unwrap(), librvp_wants);
    let odd = all_quoted
        .replace(", ", " ,")
        .replace("nc=00000001", r#"NC = "00000001""#)
        .replace("Digest", "DIGEST")
        .replace("realm", "Realm");
    assert_eq!(parse(&odd).unwrap(), librvp_wants);
    assert_eq!(
        parse(std::str::from_utf8(librvp_wants.write().as_bytes()).unwrap()).unwrap(),
        librvp_wants
    );

    let miranda = r#"Digest username="EXAMPLE/alice", realm="im.example.com", nonce="n", uri="/instmsg/aliases/alice", response="5937FB91f9370804975f6fd53f5d8380", opaque="o""#;
    let Authorization::Digest(answer) = parse(miranda).unwrap() else {
        panic!()
    };
    assert_eq!((answer.username.as_str(), answer.qop), ("EXAMPLE/alice", None));
}

#[test]
fn digest_that_cannot_be_checked_is_refused() {
    let good = r#"Digest username="a", realm="r", nonce="n", uri="/", response="2b722b94d0c9f78c41ebf604342f2a5e", qop=auth, nc=1, cnonce="c""#;
    assert!(parse(good).is_ok());
    for (from, to) in [
        (r#"username="a", "#, ""),
        (r#"realm="r", "#, ""),
        (r#"nonce="n", "#, ""),
        (r#"uri="/", "#, ""),
        ("2b72", ""),
        ("2b72", "xb72"),
        ("qop=auth", "qop=auth-int"),
        ("nc=1, ", ""),
        ("nc=1", "nc=x"),
        ("nc=1", "nc=123456789"),
        (r#", cnonce="c""#, ""),
        ("qop=auth", "algorithm=MD5-sess, qop=auth"),
        ("qop=auth", "algorithm=\"SHA-256\", qop=auth"),
        ("qop=auth", "username=b, qop=auth"),
        ("qop=auth", "qop"),
        ("qop=auth", "=auth"),
        (r#"cnonce="c""#, r#"cnonce="c"#),
        ("Digest ", "Basic "),
        ("Digest ", "Negotiate "),
        ("Digest ", ""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert!(parse(&bad).is_err(), "{bad}");
    }
    let many: String = (0..40).map(|n| format!(", x{n}=1")).collect();
    assert!(parse(&format!("{good}{many}")).is_err());
    assert!(parse(&format!("{good}, x=\"{}\"", "y".repeat(3000))).is_err());
    assert!(parse("").is_err());
}

#[test]
fn a_digest_challenge_has_one_qop_and_no_commas_in_values() {
    let challenge = digest_challenge("im.example.com", "5f2b1c0d9e8a77665544332211ffeedd");
    assert_eq!(
        challenge,
        r#"Digest qop="auth", realm="im.example.com", nonce="5f2b1c0d9e8a77665544332211ffeedd""#
    );
    let read = DigestChallenge::parse(&HeaderValue::from_str(&challenge).unwrap()).unwrap();
    assert_eq!((read.realm.as_str(), read.qop), ("im.example.com", true));
    assert!(DigestChallenge::parse(&HeaderValue::from_static("NTLM")).is_err());
    assert!(DigestChallenge::parse(&HeaderValue::from_static("Digest realm=\"r\"")).is_err());
}

/// Type 3 as librvp lays it out: flags 0, Unicode, the session key's offset at the end (spec 6.2).
fn librvp_type_3() -> Vec<u8> {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let parts = [
        vec![0x11; 24],
        vec![0x22; 24],
        utf16("EXAMPLE"),
        utf16("alice"),
        utf16("DESK"),
        Vec::new(),
    ];
    let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
    let mut offset = 64_u32;
    for part in &parts {
        let length = u16::try_from(part.len()).unwrap();
        message.extend(length.to_le_bytes());
        message.extend(length.to_le_bytes());
        message.extend(offset.to_le_bytes());
        offset += u32::from(length);
    }
    message.extend([0; 4]);
    message.extend(parts.concat());
    message
}

fn librvp_answer() -> NtlmAnswer {
    NtlmAnswer {
        domain: "EXAMPLE".into(),
        user: "alice".into(),
        lm_response: vec![0x11; 24],
        nt_response: vec![0x22; 24],
    }
}

fn type_1_with(flags: u32) -> NtlmNegotiate {
    NtlmNegotiate {
        flags,
        carrier: Carrier::Ntlm,
    }
}

fn bare(message: &[u8]) -> String {
    ntlm::encode(NTLM, message)
}

#[test]
fn ntlm_messages_of_librvp_are_read() {
    // Flags 0x00000207, domain and host in OEM form, and eight octets of version (spec 6.2).
    let type_1 = b"NTLMSSP\0\x01\0\0\0\x07\x02\0\0\x07\0\x07\0\x28\0\0\0\x04\0\x04\0\x2f\0\0\0\x05\x01\x28\x0a\0\0\0\x0fEXAMPLEDESK";
    let negotiate = Authorization::NtlmNegotiate(type_1_with(0x207));
    assert_eq!(parse(&bare(type_1)).unwrap(), negotiate);
    assert_eq!(Authorization::parse(&negotiate.write()).unwrap(), negotiate);

    let answer = Authorization::NtlmAuthenticate {
        answer: librvp_answer(),
        carrier: Carrier::Ntlm,
    };
    assert_eq!(parse(&bare(&librvp_type_3())).unwrap(), answer);
    assert_eq!(
        parse(&bare(&librvp_type_3()).replace("NTLM", "ntlm").replace('=', "")).unwrap(),
        answer
    );
}

#[test]
fn strings_in_another_character_set_are_read_by_flag() {
    let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
    for (length, offset) in [(0_u16, 0_u32), (0, 0), (3, 64), (5, 67), (0, 0xffff_ffff), (0, 0)] {
        message.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
        message.extend(offset.to_le_bytes());
    }
    message.extend([2, 2, 0, 0]);
    message.extend(b"EXAalice");
    let Authorization::NtlmAuthenticate { answer, .. } = parse(&bare(&message)).unwrap() else {
        panic!()
    };
    assert_eq!((answer.domain.as_str(), answer.user.as_str()), ("EXA", "alice"));
}

#[test]
fn ntlm_messages_that_are_cut_off_or_point_outside_are_refused() {
    let message = librvp_type_3();
    for end in 0..message.len() - 8 {
        assert!(parse(&bare(&message[..end])).is_err(), "{end}");
    }
    // Every descriptor that is read: at 12, 20, 28 and 36, its length and its offset.
    for at in [12, 16, 20, 24, 28, 32, 36, 40] {
        let mut broken = message.clone();
        broken[at + 1] = 0xff;
        assert!(parse(&bare(&broken)).is_err(), "{at}");
    }
    for text in [
        "NTLM",
        "NTLM ",
        "NTLM !",
        "NTLM TlRMTQ==",
        "NTLM TlRMTVNTUAACAAAAAAAAAAAAAAA=",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn an_old_client_is_challenged_with_the_flags_it_is_known_to_take() {
    let value = HeaderValue::from_str(&ntlm_challenge(&type_1_with(0x207), *b"12345678", "EXAMPLE")).unwrap();
    let challenge = NtlmChallenge::parse(&value).unwrap();
    assert_eq!(
        challenge,
        NtlmChallenge {
            flags: 0x0002_8201,
            challenge: *b"12345678",
            target: "EXAMPLE".into(),
            target_info: Vec::new()
        }
    );
}

#[test]
fn a_newer_client_is_sent_the_names_it_needs_for_version_2() {
    for (offered, agreed) in [
        (0xa208_8207, 0xa081_8201),
        (0xe208_8237, 0xe081_8231),
        (0x0008_8206, 0x0081_8202),
        (0x0080_0201, 0x0081_0201),
    ] {
        let value = HeaderValue::from_str(&ntlm_challenge(&type_1_with(offered), [7; 8], "Corp.Example.com"))
            .unwrap();
        let challenge = NtlmChallenge::parse(&value).unwrap();
        assert_eq!(
            (challenge.flags, challenge.target.as_str()),
            (agreed, "Corp.Example.com")
        );
        let mut names = Vec::new();
        let mut info = &challenge.target_info[..];
        loop {
            let (number, length) = (info[0], usize::from(info[2]));
            if number == 0 {
                assert_eq!(info, [0; 4]);
                break;
            }
            let text: String = info[4..4 + length]
                .chunks(2)
                .map(|pair| char::from(pair[0]))
                .collect();
            names.push((number, text));
            info = &info[4 + length..];
        }
        let expected = [
            (2, "CORP"),
            (1, "CORP"),
            (4, "corp.example.com"),
            (3, "corp.example.com"),
        ];
        assert_eq!(names, expected.map(|(number, text)| (number, text.to_owned())));
    }
    assert!(NtlmChallenge::parse(&HeaderValue::from_static("NTLM")).is_err());
}

const CARRIERS: [Carrier; 3] = [Carrier::Ntlm, Carrier::Negotiate, Carrier::Spnego];

#[test]
fn a_message_is_read_and_answered_whatever_carries_it() {
    for (carrier, scheme) in CARRIERS.into_iter().zip(["NTLM ", "Negotiate ", "Negotiate "]) {
        let negotiate = NtlmNegotiate {
            flags: 0x207,
            carrier,
        };
        let value = Authorization::NtlmNegotiate(negotiate).write();
        assert!(value.to_str().unwrap().starts_with(scheme));
        assert_eq!(
            Authorization::parse(&value),
            Ok(Authorization::NtlmNegotiate(negotiate))
        );
        let answer = Authorization::NtlmAuthenticate {
            answer: librvp_answer(),
            carrier,
        };
        assert_eq!(Authorization::parse(&answer.write()), Ok(answer));

        let challenge = ntlm_challenge(&negotiate, [7; 8], "EXAMPLE");
        assert!(challenge.starts_with(scheme));
        let read = NtlmChallenge::parse(&HeaderValue::from_str(&challenge).unwrap()).unwrap();
        assert_eq!((read.challenge, read.target.as_str()), ([7; 8], "EXAMPLE"));
    }
    let value = |carrier| ntlm_challenge(&NtlmNegotiate { flags: 1, carrier }, [7; 8], "EXAMPLE");
    assert_eq!(
        value(Carrier::Negotiate),
        value(Carrier::Ntlm).replacen(NTLM, NEGOTIATE, 1)
    );
    assert_ne!(value(Carrier::Spnego), value(Carrier::Negotiate));
}

#[test]
fn who_prefers_kerberos_is_told_to_begin_with_ntlm() {
    assert_eq!(
        Authorization::parse(&Authorization::SelectNtlm.write()),
        Ok(Authorization::SelectNtlm)
    );
    // A ticket of thousands of octets.
    let text = format!("{} ", Authorization::SelectNtlm.write().to_str().unwrap());
    let padded = format!("{text:limit$}", limit = limits::NEGOTIATE_CHARS_MAX);
    assert_eq!(parse(&padded), Ok(Authorization::SelectNtlm));
    // accept-incomplete and the mechanism, without a message.
    assert_eq!(
        select_ntlm(),
        ntlm::encode(
            NEGOTIATE,
            b"\xa1\x15\x30\x13\xa0\x03\x0a\x01\x01\xa1\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
        )
    );
    assert!(NtlmChallenge::parse(&HeaderValue::from_str(&select_ntlm()).unwrap()).is_err());
}

#[test]
fn unsupported_credentials_are_told_from_broken_ones() {
    let long = format!("Bearer {}", "x".repeat(limits::NEGOTIATE_CHARS_MAX));
    let bare_kerberos = ntlm::encode(NEGOTIATE, b"\x60\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
    let type_2 = ntlm_challenge(&type_1_with(0x207), [7; 8], "EXAMPLE").replacen(NTLM, NEGOTIATE, 1);
    let huge = ntlm::encode(
        NEGOTIATE,
        &[librvp_type_3(), vec![0; limits::HEADER_CHARS_MAX]].concat(),
    );
    for text in [
        "",
        "Basic YTpi",
        "NTLMv2 x",
        "Negotiate",
        "Negotiate !",
        "Negotiate TlRMTVNTUAA=",
        &long,
        &bare_kerberos,
        &type_2,
        &huge,
    ] {
        assert_eq!(parse(text), Err(ParseError::UnsupportedCredentials), "{text}");
    }
    for text in ["NTLM", "NTLM !", "NTLM TlRMTVNTUAA=", "Digest", "Digest username"] {
        assert!(matches!(parse(text), Err(ParseError::BadHeader { .. })), "{text}");
    }
}
