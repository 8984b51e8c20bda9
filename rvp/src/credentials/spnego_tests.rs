use super::*;

/// The shortest message that is one: type 1, offering nothing.
const TYPE_1: &[u8; 16] = b"NTLMSSP\0\x01\0\0\0\x07\x82\0\0";

/// What Windows sends that can do NTLM only, written down by hand.
const WINDOWS: &[u8] = b"\x60\x30\
    \x06\x06\x2b\x06\x01\x05\x05\x02\
    \xa0\x26\x30\x24\
        \xa0\x0e\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a\
        \xa2\x12\x04\x10NTLMSSP\0\x01\0\0\0\x07\x82\0\0";

/// What Windows sends in a domain, shortened: both its spellings of Kerberos and NTLM, the flags of the
/// request, a ticket and a check sum.
const KERBEROS_FIRST: &[u8] = b"\x60\x81\x48\
    \x06\x06\x2b\x06\x01\x05\x05\x02\
    \xa0\x3e\x30\x3c\
        \xa0\x24\x30\x22\
            \x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02\
            \x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\
            \x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a\
        \xa1\x04\x03\x02\x01\x06\
        \xa2\x08\x04\x06ticket\
        \xa3\x04\x04\x02ok";

/// `NegTokenResp` with a state, the mechanism and a message.
const RESPONSE: &[u8] = b"\xa1\x29\x30\x27\
    \xa0\x03\x0a\x01\x01\
    \xa1\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a\
    \xa2\x12\x04\x10NTLMSSP\0\x01\0\0\0\x07\x82\0\0";

fn patched(token: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "lengths stay right");
    let at = token.windows(from.len()).position(|part| part == from).unwrap();
    [&token[..at], to, &token[at + from.len()..]].concat()
}

#[test]
fn tokens_of_windows_are_read() {
    assert_eq!(read(WINDOWS), Some(Token::Message(TYPE_1)));
    assert_eq!(read(KERBEROS_FIRST), Some(Token::NtlmWouldDo));
    assert_eq!(read(RESPONSE), Some(Token::Message(TYPE_1)));
}

#[test]
fn what_is_written_is_what_windows_writes() {
    assert_eq!(ntlm_offer(TYPE_1), WINDOWS);
    assert_eq!(server_response(Some(TYPE_1)), RESPONSE);
    let selected =
        b"\xa1\x15\x30\x13\xa0\x03\x0a\x01\x01\xa1\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
    assert_eq!(server_response(None), selected);
    assert_eq!(client_response(b"x"), b"\xa1\x07\x30\x05\xa2\x03\x04\x01x");
    assert_eq!(read(&kerberos_offer()), Some(Token::NtlmWouldDo));
}

#[test]
fn messages_of_every_length_of_length_come_back() {
    for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
        let message = vec![7; length];
        assert_eq!(
            read(&client_response(&message)),
            Some(Token::Message(&message)),
            "{length}"
        );
        let message = [SIGNED, &message].concat();
        assert_eq!(
            read(&ntlm_offer(&message)),
            Some(Token::Message(&message)),
            "{length}"
        );
    }
}

const SIGNED: &[u8] = b"NTLMSSP\0";

#[test]
fn every_token_that_is_cut_off_or_goes_on_is_refused() {
    for token in [WINDOWS, KERBEROS_FIRST, RESPONSE] {
        for end in 0..token.len() {
            assert_eq!(read(&token[..end]), None, "{end}");
        }
        assert_eq!(read(&[token, &[0]].concat()), None);
    }
}

#[test]
fn inner_lengths_that_reach_too_far_are_refused() {
    for (token, inner) in [
        (WINDOWS, &b"\xa0\x26"[..]),
        (WINDOWS, b"\x30\x24"),
        (WINDOWS, b"\xa0\x0e"),
        (WINDOWS, b"\x30\x0c"),
        (WINDOWS, b"\x06\x0a"),
        (WINDOWS, b"\xa2\x12"),
        (WINDOWS, b"\x04\x10"),
        (RESPONSE, b"\x30\x27"),
        (RESPONSE, b"\xa2\x12"),
        (RESPONSE, b"\x04\x10"),
    ] {
        assert_eq!(
            read(&patched(token, inner, &[inner[0], inner[1] + 1])),
            None,
            "{inner:x?}"
        );
        assert_eq!(
            read(&patched(token, inner, &[inner[0], 0x80])),
            None,
            "{inner:x?}"
        );
        assert_eq!(
            read(&patched(token, inner, &[inner[0], 0x84])),
            None,
            "{inner:x?}"
        );
        assert_eq!(
            read(&patched(token, inner, &[inner[0], 0xff])),
            None,
            "{inner:x?}"
        );
    }
    assert_eq!(read(b"\xa1\x84\xff\xff\xff\xff"), None);
    assert_eq!(read(b"\xa1\x88\xff\xff\xff\xff\xff\xff\xff\xff"), None);
}

#[test]
fn other_mechanisms_alone_are_refused() {
    let ntlm = b"\x82\x37\x02\x02\x0a";
    let other = b"\x82\x37\x02\x02\x1e";
    for token in [WINDOWS, KERBEROS_FIRST, RESPONSE] {
        assert_eq!(read(&patched(token, ntlm, other)), None);
    }
    // A bare Kerberos token, and a response that brings only a check sum.
    assert_eq!(read(&patched(WINDOWS, SPNEGO, &[0x2b, 6, 1, 5, 5, 3])), None);
    assert_eq!(read(b"\xa1\x07\x30\x05\xa3\x03\x04\x01x"), None);
    assert_eq!(read(b"\xa1\x02\x30\x00"), None);
}

#[test]
fn an_offer_of_ntlm_without_its_message_is_one_to_begin() {
    assert_eq!(
        read(&patched(WINDOWS, SIGNED, b"NTLMSSP!")),
        Some(Token::NtlmWouldDo)
    );
    assert_eq!(
        read(&initial(&[&mechanisms(&[NTLMSSP])])),
        Some(Token::NtlmWouldDo)
    );
    assert_eq!(read(&initial(&[&mechanisms(&[])])), None);
    assert_eq!(read(&initial(&[])), None);
}
