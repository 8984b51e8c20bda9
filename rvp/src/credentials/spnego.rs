//! SPNEGO: the wrapping in which `Negotiate` carries NTLM messages of clients that can do more (RFC 4178).
//!
//! Only NTLM is ever agreed on. Deliberately absent is the check sum over the list of mechanisms: it needs
//! the session's key, which nobody here has. Without it somebody in between could make a client use NTLM,
//! which is all that there is anyway.

use super::ntlm;

/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = &[0x2b, 6, 1, 5, 5, 2];
/// 1.3.6.1.4.1.311.2.2.10
const NTLMSSP: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];
/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];

const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
/// `InitialContextToken` of RFC 2743, around the first token of a client.
const INITIAL: u8 = 0x60;
const ACCEPT_INCOMPLETE: u8 = 1;

/// The tag of a field with that number, and of a choice.
const fn field(number: u8) -> u8 {
    0xa0 | number
}

/// What a token means to somebody who can do NTLM only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    /// It carries what should be an NTLM message.
    Message(&'a [u8]),
    /// It begins something else, but NTLM would do.
    NtlmWouldDo,
}

/// Reads the token of either side. Nothing is allocated, and every length is checked against what is there.
pub(super) fn read(token: &[u8]) -> Option<Token<'_>> {
    if let Some(content) = only(field(1), token) {
        return only(SEQUENCE, content).and_then(response);
    }
    let mut initial = Der(only(INITIAL, token)?);
    if initial.take(OBJECT)? != SPNEGO {
        return None;
    }
    only(field(0), initial.0)
        .and_then(|content| only(SEQUENCE, content))
        .and_then(offer)
}

/// `NegTokenInit`: the mechanisms a client can do, with a first message for the one it prefers.
fn offer(content: &[u8]) -> Option<Token<'_>> {
    let mut fields = Der(content);
    let mut mechanisms = Der(only(SEQUENCE, fields.take(field(0))?)?);
    let mut has_ntlm = false;
    while !mechanisms.0.is_empty() {
        has_ntlm |= mechanisms.take(OBJECT)? == NTLMSSP;
    }
    fields.optional(field(1))?;
    let message = fields.optional(field(2))?;
    if !has_ntlm {
        return None;
    }
    let Some(message) = message else {
        return Some(Token::NtlmWouldDo);
    };
    let message = only(OCTETS, message)?;
    Some(if ntlm::is_message(message) {
        Token::Message(message)
    } else {
        Token::NtlmWouldDo
    })
}

/// `NegTokenResp`: every later token of a client and all of a server. Without a message there is nothing to
/// go on with.
fn response(content: &[u8]) -> Option<Token<'_>> {
    let mut fields = Der(content);
    fields.optional(field(0))?;
    if let Some(mechanism) = fields.optional(field(1))?
        && only(OBJECT, mechanism)? != NTLMSSP
    {
        return None;
    }
    only(OCTETS, fields.take(field(2))?).map(Token::Message)
}

/// A client's first token: it offers NTLM only, with a message.
pub(super) fn ntlm_offer(message: &[u8]) -> Vec<u8> {
    let message = element(field(2), &element(OCTETS, message));
    initial(&[&mechanisms(&[NTLMSSP]), &message])
}

/// A client's first token: it prefers Kerberos and can do NTLM.
pub(super) fn kerberos_offer() -> Vec<u8> {
    initial(&[&mechanisms(&[KERBEROS, NTLMSSP])])
}

/// A client's later token.
pub(super) fn client_response(message: &[u8]) -> Vec<u8> {
    negotiated(&[&element(field(2), &element(OCTETS, message))])
}

/// A server's token: NTLM it is, with its message or, when the client's was for another mechanism, without.
///
/// In that case the state should rather be `request-mic`. It is not, as with servers up to Windows 2003,
/// and clients know by that not to expect check sums.
pub(super) fn server_response(message: Option<&[u8]>) -> Vec<u8> {
    let state = element(field(0), &element(ENUMERATED, &[ACCEPT_INCOMPLETE]));
    let mechanism = element(field(1), &element(OBJECT, NTLMSSP));
    let message = message.map(|message| element(field(2), &element(OCTETS, message)));
    negotiated(&[&state, &mechanism, &message.unwrap_or_default()])
}

fn initial(fields: &[&[u8]]) -> Vec<u8> {
    let object = element(OBJECT, SPNEGO);
    let offer = element(field(0), &element(SEQUENCE, &fields.concat()));
    element(INITIAL, &[object, offer].concat())
}

fn mechanisms(objects: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = objects
        .iter()
        .flat_map(|object| element(OBJECT, object))
        .collect();
    element(field(0), &element(SEQUENCE, &list))
}

fn negotiated(fields: &[&[u8]]) -> Vec<u8> {
    element(field(1), &element(SEQUENCE, &fields.concat()))
}

/// One element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[content.len().leading_zeros() as usize / 8..];
    let mut octets = vec![tag];
    match digits {
        [] => octets.push(0),
        [short @ 0..0x80] => octets.push(*short),
        // At most eight digits, since it is a length in memory.
        digits => {
            octets.push(0x80 | digits.len() as u8);
            octets.extend(digits);
        }
    }
    octets.extend(content);
    octets
}

/// Elements of DER that are still to be read. A length in more octets than it needs is taken too, an
/// indefinite one is not.
struct Der<'a>(&'a [u8]);

/// The content of the one element there is, which must have that tag.
fn only(tag: u8, octets: &[u8]) -> Option<&[u8]> {
    let mut elements = Der(octets);
    elements.take(tag).filter(|_| elements.0.is_empty())
}

impl<'a> Der<'a> {
    /// Octets that a length may take: there is no need for lengths of gigabytes.
    const LENGTH_OCTETS_MAX: usize = 4;

    /// The next element: its tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], mut rest) = self.0.split_first_chunk()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let count = usize::from(first & 0x7f);
            if !(1..=Self::LENGTH_OCTETS_MAX).contains(&count) {
                return None;
            }
            let digits;
            (digits, rest) = rest.split_at_checked(count)?;
            let length = digits
                .iter()
                .fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
            usize::try_from(length).ok()?
        };
        let content;
        (content, self.0) = rest.split_at_checked(length)?;
        Some((tag, content))
    }

    /// The content of the next element, which must have that tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next()
            .filter(|(found, _)| *found == tag)
            .map(|(_, content)| content)
    }

    /// The content of the next element if it has that tag; the outer `None` is for one that is cut off.
    fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.0.first() == Some(&tag) {
            self.take(tag).map(Some)
        } else {
            Some(None)
        }
    }
}

#[cfg(test)]
#[path = "spnego_tests.rs"]
mod tests;
