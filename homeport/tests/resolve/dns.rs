//! A DNS server of a few lines: answers questions for SRV records over UDP on loopback.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const SRV: u16 = 33;
const HEADER: usize = 12;
const NXDOMAIN: u8 = 3;
/// More questions than a lookup can ask.
const QUESTIONS_MAX: usize = 64;
/// How long it waits for one, so that it ends with the test even if nothing ends it.
const WAIT: Duration = Duration::from_secs(30);

/// What a question is answered.
#[derive(Clone)]
pub(crate) enum Answer {
    /// These records: priority, weight, port and target.
    Records(Vec<(u16, u16, u16, &'static str)>),
    /// This response code.
    Code(u8),
    /// Octets that are no DNS.
    Garbage,
    /// Nothing.
    Silence,
}

/// Answers questions for the SRV records of `name` like this, and those for others with `NXDOMAIN`.
pub(crate) fn serve(name: &'static str, answer: Answer) -> SocketAddr {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut octets = [0; 1500];
        for _ in 0..QUESTIONS_MAX {
            let Ok((length, from)) = socket.recv_from(&mut octets) else {
                return;
            };
            let Some(response) = respond(&octets[..length], name, &answer) else {
                continue;
            };
            if socket.send_to(&response, from).is_err() {
                return;
            }
        }
    });
    address
}

fn respond(question: &[u8], name: &str, answer: &Answer) -> Option<Vec<u8>> {
    let (asked, end) = read_name(question)?;
    let kind = u16::from_be_bytes([*question.get(end)?, *question.get(end + 1)?]);
    let is_meant = asked.eq_ignore_ascii_case(name) && kind == SRV;
    let (code, records): (u8, &[_]) = match answer {
        Answer::Silence => return None,
        Answer::Garbage => return Some(b"not DNS".to_vec()),
        _ if !is_meant => (NXDOMAIN, &[]),
        Answer::Records(records) => (0, records),
        Answer::Code(code) => (*code, &[]),
    };
    let mut response = question[..2].to_vec();
    // A response to a question for which recursion was wanted and done.
    response.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::try_from(records.len()).ok()?,
        0,
        0,
        0,
        0,
    ]);
    response.extend(&question[HEADER..end + 4]);
    for (priority, weight, port, target) in records {
        let target = write_name(target);
        // The name asked for, SRV, Internet, one minute.
        response.extend([0xc0, 0x0c, 0, 33, 0, 1, 0, 0, 0, 60]);
        response.extend(u16::try_from(6 + target.len()).ok()?.to_be_bytes());
        for number in [priority, weight, port] {
            response.extend(number.to_be_bytes());
        }
        response.extend(target);
    }
    Some(response)
}

/// The name in a question, and where it ends.
fn read_name(question: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8(question.get(at..at + length)?.to_vec()).ok()?);
        at += length;
    }
}

fn write_name(name: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        octets.push(u8::try_from(label.len()).unwrap());
        octets.extend(label.as_bytes());
    }
    octets.push(0);
    octets
}
