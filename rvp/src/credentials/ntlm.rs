//! NTLM messages, as octets in base64 (spec 6.2; MS-NLMP 2.2.1).

use super::spnego::{self, Token};
use super::{Authorization, Carrier, NEGOTIATE, NTLM, NtlmAnswer, NtlmNegotiate, split_scheme};
use crate::{ParseError, header};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
const UNICODE: u32 = 0x0000_0001;
const OEM: u32 = 0x0000_0002;
const NTLM_VERSION_1: u32 = 0x0000_0200;
const ALWAYS_SIGN: u32 = 0x0000_8000;
const TARGET_IS_DOMAIN: u32 = 0x0001_0000;
const TARGET_IS_SERVER: u32 = 0x0002_0000;
const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
const TARGET_INFO: u32 = 0x0080_0000;
/// Signing, sealing, and keys for them: always, 128 bits, exchanged, 56 bits.
const PROTECTION: u32 = 0x0000_0010 | 0x0000_0020 | ALWAYS_SIGN | 0x2000_0000 | 0x4000_0000 | 0x8000_0000;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The octets of a message from what follows the scheme.
pub(super) fn decode(name: &HeaderName, text: &str) -> Result<Vec<u8>, ParseError> {
    BASE64
        .decode(text)
        .map_err(|_| header::bad(name, "is not base64"))
}

/// A whole header value.
pub(super) fn encode(scheme: &str, token: &[u8]) -> String {
    format!("{scheme} {}", BASE64.encode(token))
}

/// A whole header value with a message; `wrap` makes the token of SPNEGO.
pub(super) fn carry(carrier: Carrier, message: &[u8], wrap: impl Fn(&[u8]) -> Vec<u8>) -> String {
    match carrier {
        Carrier::Ntlm => encode(NTLM, message),
        Carrier::Negotiate => encode(NEGOTIATE, message),
        Carrier::Spnego => encode(NEGOTIATE, &wrap(message)),
    }
}

/// What the token of a `Negotiate` holds, and which of the two ways it does.
pub(super) fn negotiated(token: &[u8]) -> Option<(Token<'_>, Carrier)> {
    if is_message(token) {
        Some((Token::Message(token), Carrier::Negotiate))
    } else {
        spnego::read(token).map(|carried| (carried, Carrier::Spnego))
    }
}

/// Whether this is a message, and not a token of something else.
pub(super) fn is_message(octets: &[u8]) -> bool {
    octets.starts_with(SIGNATURE)
}

/// Reads a message of a client: type 1 or 3.
pub(super) fn parse(message: &[u8], carrier: Carrier) -> Result<Authorization, ParseError> {
    let message = Message {
        octets: message,
        header: &AUTHORIZATION,
    };
    match message.kind()? {
        1 => {
            let flags = message.number(12)?;
            Ok(Authorization::NtlmNegotiate(NtlmNegotiate { flags, carrier }))
        }
        3 => {
            let answer = message.answer()?;
            Ok(Authorization::NtlmAuthenticate { answer, carrier })
        }
        _ => Err(header::bad(&AUTHORIZATION, "is not an NTLM message of a client")),
    }
}

impl NtlmNegotiate {
    /// Type 1, naming neither domain nor workstation.
    pub(super) fn write(self) -> Vec<u8> {
        let mut message = begin(1);
        message.extend(self.flags.to_le_bytes());
        message.extend([0; 16]);
        message
    }
}

impl NtlmAnswer {
    /// Type 3, in Unicode.
    pub(super) fn write(&self) -> Vec<u8> {
        let (domain, user) = (utf16(&self.domain), utf16(&self.user));
        let parts: [&[u8]; 6] = [&self.lm_response, &self.nt_response, &domain, &user, &[], &[]];
        let mut message = begin(3);
        let mut payload = Vec::new();
        for part in parts {
            field(&mut message, &mut payload, 64, part);
        }
        message.extend((UNICODE | NTLM_VERSION_1).to_le_bytes());
        message.extend(payload);
        message
    }
}

/// The value of a `WWW-Authenticate` header with a type 2 message, carried as the type 1 was. `target` is the
/// NT domain; no other name of ours is in it.
///
/// A client that knows nothing newer is sent the flags that librvp was seen to take. One that offers
/// extended session security or asks for the target's names is sent these, without which it cannot
/// answer with NTLM version 2. The extension itself is never agreed on: it would only change version 1.
/// Whatever protection such a client offers is agreed on, since some give up without, in SPNEGO always for
/// want of signing. Nothing is ever protected, so it needs no key here.
#[must_use]
pub fn ntlm_challenge(negotiate: &NtlmNegotiate, challenge: [u8; 8], target: &str) -> String {
    let client_flags = negotiate.flags;
    let names = client_flags & (EXTENDED_SESSION_SECURITY | TARGET_INFO) != 0;
    let unicode = client_flags & UNICODE != 0 || client_flags & OEM == 0;
    let flags = NTLM_VERSION_1
        | if unicode { UNICODE } else { OEM }
        | if names {
            TARGET_IS_DOMAIN | TARGET_INFO | (client_flags & PROTECTION)
        } else {
            TARGET_IS_SERVER | ALWAYS_SIGN
        };
    let info = if names { target_info(target) } else { Vec::new() };
    let name = if unicode {
        utf16(target)
    } else {
        target.as_bytes().to_vec()
    };
    let mut message = begin(2);
    let mut payload = Vec::new();
    field(&mut message, &mut payload, 48, &name);
    message.extend(flags.to_le_bytes());
    message.extend(challenge);
    message.extend([0; 8]);
    field(&mut message, &mut payload, 48, &info);
    message.extend(payload);
    carry(negotiate.carrier, &message, |message| {
        spnego::server_response(Some(message))
    })
}

/// The value of a `WWW-Authenticate` header that answers [`Authorization::SelectNtlm`]: the client should
/// begin again, with NTLM.
#[must_use]
pub fn select_ntlm() -> String {
    encode(NEGOTIATE, &spnego::server_response(None))
}

/// What a client reads in a type 2 message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NtlmChallenge {
    /// What the server agreed on.
    pub flags: u32,
    /// The octets to encrypt.
    pub challenge: [u8; 8],
    /// The server's domain.
    pub target: String,
    /// The list of names that goes into an answer of version 2, as it came; empty if there is none.
    pub target_info: Vec<u8>,
}

impl NtlmChallenge {
    /// Reads a `WWW-Authenticate` header, whatever the carrier.
    ///
    /// # Errors
    /// [`ParseError::BadHeader`] for another scheme or a message that is no challenge or cut off.
    pub fn parse(value: &HeaderValue) -> Result<Self, ParseError> {
        let none = || header::bad(&WWW_AUTHENTICATE, "is not an NTLM challenge");
        let (scheme, rest) = split_scheme(header::text(&WWW_AUTHENTICATE, value)?);
        let token = decode(&WWW_AUTHENTICATE, rest)?;
        let carried = if scheme.eq_ignore_ascii_case(NTLM) {
            Some(Token::Message(&token))
        } else if scheme.eq_ignore_ascii_case(NEGOTIATE) {
            negotiated(&token).map(|(carried, _)| carried)
        } else {
            None
        };
        let Some(Token::Message(octets)) = carried else {
            return Err(none());
        };
        let message = Message {
            octets,
            header: &WWW_AUTHENTICATE,
        };
        if message.kind()? != 2 {
            return Err(none());
        }
        let flags = message.number(20)?;
        Ok(Self {
            flags,
            challenge: message.array(24)?,
            target: text(message.field(12)?, flags & UNICODE != 0),
            target_info: if flags & TARGET_INFO == 0 {
                Vec::new()
            } else {
                message.field(40)?.to_vec()
            },
        })
    }
}

/// The names of a target: pairs of a number, a length and a text, in the order Windows uses.
fn target_info(target: &str) -> Vec<u8> {
    const NETBIOS_CHARS_MAX: usize = 15;
    let first = target.split('.').next().unwrap_or_default();
    let netbios: String = first.to_uppercase().chars().take(NETBIOS_CHARS_MAX).collect();
    let dns = target.to_lowercase();
    let mut info = Vec::new();
    for (number, name) in [(2_u16, &netbios), (1, &netbios), (4, &dns), (3, &dns)] {
        let name = utf16(name);
        info.extend(number.to_le_bytes());
        info.extend(length(&name).to_le_bytes());
        info.extend(&name[..length(&name).into()]);
    }
    info.extend([0; 4]);
    info
}

fn begin(kind: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(160);
    message.extend(SIGNATURE);
    message.extend(kind.to_le_bytes());
    message
}

/// Adds a descriptor (length, length, offset) to the fixed part, which ends at `fixed`, and the octets to
/// the payload behind it.
fn field(message: &mut Vec<u8>, payload: &mut Vec<u8>, fixed: usize, octets: &[u8]) {
    let length = length(octets);
    message.extend(length.to_le_bytes());
    message.extend(length.to_le_bytes());
    message.extend(
        u32::try_from(fixed + payload.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    payload.extend(&octets[..length.into()]);
}

/// The part of the octets that a 16-bit length can state.
fn length(octets: &[u8]) -> u16 {
    u16::try_from(octets.len()).unwrap_or(u16::MAX - 1)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn text(octets: &[u8], unicode: bool) -> String {
    if unicode {
        let units: Vec<u16> = octets
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    } else {
        octets.iter().copied().map(char::from).collect()
    }
}

/// A message with checked access to its parts.
struct Message<'a> {
    octets: &'a [u8],
    header: &'static HeaderName,
}

impl<'a> Message<'a> {
    fn kind(&self) -> Result<u32, ParseError> {
        if !is_message(self.octets) {
            return Err(header::bad(self.header, "is not an NTLM message"));
        }
        self.number(8)
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], ParseError> {
        let octets = self.octets.get(at..).and_then(|rest| rest.first_chunk());
        octets
            .copied()
            .ok_or_else(|| header::bad(self.header, "is an NTLM message that is cut off"))
    }

    fn number(&self, at: usize) -> Result<u32, ParseError> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// The octets that the descriptor at `at` points to. An empty field may point anywhere.
    fn field(&self, at: usize) -> Result<&'a [u8], ParseError> {
        let length = usize::from(u16::from_le_bytes(self.array(at)?));
        let begin = usize::try_from(self.number(at + 4)?).unwrap_or(usize::MAX);
        if length == 0 {
            return Ok(&[]);
        }
        let octets = self.octets.get(begin..begin.saturating_add(length));
        octets.ok_or_else(|| header::bad(self.header, "is an NTLM message that points outside itself"))
    }

    /// Type 3. The session key and the workstation are not needed, so where they point does not matter.
    fn answer(&self) -> Result<NtlmAnswer, ParseError> {
        let flags = self.number(60).unwrap_or_default();
        let (domain, user) = (self.field(28)?, self.field(36)?);
        // librvp sets no flag and writes Unicode. No text in another character set has a zero in it.
        let unicode = flags & UNICODE != 0 || (flags & OEM == 0 && user.contains(&0));
        Ok(NtlmAnswer {
            domain: text(domain, unicode),
            user: text(user, unicode),
            lm_response: self.field(12)?.to_vec(),
            nt_response: self.field(20)?.to_vec(),
        })
    }
}
