//! Names of processes, zones and domains.

use crate::problem::Wrong;
use std::net::IpAddr;

const LABEL_CHARS_MAX: usize = 63;
const HOST_CHARS_MAX: usize = 253;
/// NetBIOS leaves 15 characters for a domain's name.
const NT_DOMAIN_CHARS_MAX: usize = 15;

/// Whether a host must be fully qualified, or may also be `localhost`, another short name or an IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qualified {
    Must,
    May,
}

/// The name of a process, zone or node: one DNS label, because it becomes a host name.
pub(crate) fn label(text: &str) -> Result<String, Wrong> {
    if is_label(text) && !text.bytes().any(|c| c.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        format!("is {text:?}, which is no name"),
        "write 1 to 63 of the characters a-z, 0-9 and `-`, with no `-` at an end, such as `home-1`",
    ))
}

/// The host of a domain, in lower case.
pub(crate) fn host(text: &str, qualified: Qualified) -> Result<String, Wrong> {
    let wrong = |why: &str, remedy: &str| Err(Wrong::new(format!("is {text:?}, which {why}"), remedy));
    let labels: Vec<&str> = text.split('.').collect();
    let is_address = text.parse::<IpAddr>().is_ok();
    if is_address && text.contains(':') {
        return wrong(
            "is an IPv6 address",
            "write a name, because addresses of people cannot contain one",
        );
    }
    if text.contains([':', '/', '@']) {
        return wrong(
            "is more than a host",
            "write only the host, without scheme, port or path",
        );
    }
    if text.len() > HOST_CHARS_MAX || !labels.iter().all(|label| is_label(label)) {
        return wrong(
            "is no host name",
            "write labels of a-z, 0-9 and `-` with dots between them",
        );
    }
    match qualified {
        Qualified::May => {}
        Qualified::Must if is_address => {
            return wrong("is an address", "write a domain such as `example.com`");
        }
        Qualified::Must if labels.len() < 2 => {
            return wrong("is a short name", "write the full domain, such as `example.com`");
        }
        Qualified::Must => {}
    }
    Ok(text.to_ascii_lowercase())
}

/// The name of a domain as NTLM clients send it.
pub(crate) fn nt_domain(text: &str) -> Result<String, Wrong> {
    if is_label(text) && text.len() <= NT_DOMAIN_CHARS_MAX {
        return Ok(text.to_ascii_uppercase());
    }
    Err(Wrong::new(
        format!("is {text:?}, which is no NT domain"),
        format!("write 1 to {NT_DOMAIN_CHARS_MAX} letters, digits and `-`, such as `CORP`"),
    ))
}

/// The NT domain of a domain that names none: its first label, as short as NetBIOS wants it.
pub(crate) fn default_nt_domain(domain: &str) -> String {
    let first = domain.split('.').next().unwrap_or(domain);
    let short: String = first.chars().take(NT_DOMAIN_CHARS_MAX).collect();
    short.trim_end_matches('-').to_ascii_uppercase()
}

fn is_label(text: &str) -> bool {
    (1..=LABEL_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_fully_qualified_unless_it_need_not_be() {
        assert_eq!(host("IM.Example.com", Qualified::Must).unwrap(), "im.example.com");
        for short in ["localhost", "127.0.0.1", "corp"] {
            assert!(host(short, Qualified::Must).is_err(), "{short}");
            assert_eq!(host(short, Qualified::May).unwrap(), short);
        }
    }

    #[test]
    fn what_is_no_host_never_passes() {
        let long = ["a"; 128].join(".");
        for text in [
            "",
            ".",
            "a..b",
            "example.com.",
            "-a.b",
            "a_b.c",
            "a b.c",
            "é.example",
            "a.b:80",
            "::1",
            "http://a.b",
            &long,
        ] {
            assert!(host(text, Qualified::May).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_nt_domain_is_the_first_label_unless_it_is_given() {
        assert_eq!(default_nt_domain("campus.example"), "CAMPUS");
        assert_eq!(
            default_nt_domain("sixteen-letters-long.example"),
            "SIXTEEN-LETTERS"
        );
        assert_eq!(default_nt_domain("fourteen-chars-x.example"), "FOURTEEN-CHARS");
        assert_eq!(nt_domain("Corp"), Ok("CORP".to_owned()));
        assert!(nt_domain("sixteen-letters-").is_err() && nt_domain("a.b").is_err());
    }

    #[test]
    fn names_of_processes_are_labels() {
        assert!(label("home-1").is_ok());
        for text in ["", "Home", "a.b", "-a", "a-", "a b", &"a".repeat(64)] {
            assert!(label(text).is_err(), "{text:?}");
        }
    }
}
