//! Texts of an account that are given on the command line: display name, mail address, NT domain.

use rvp::limits;

/// NetBIOS leaves 15 characters for a domain's name.
const NT_DOMAIN_CHARS_MAX: usize = 15;

/// A display name.
pub(super) fn display_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty: leave the option out to show the name of the address".to_owned());
    }
    bounded(text)
}

/// A mail address, as far as one can tell. Empty for somebody who has none.
pub(super) fn email(text: &str) -> Result<String, String> {
    let text = bounded(text.trim())?;
    let is_address = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if text.is_empty() || is_address && !text.contains(char::is_whitespace) {
        Ok(text)
    } else {
        Err("is no mail address: write NAME@DOMAIN".to_owned())
    }
}

/// An NT domain, in upper case as clients send it.
pub(super) fn nt_domain(text: &str) -> Result<String, String> {
    let legal = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    if text.is_empty() || text.len() > NT_DOMAIN_CHARS_MAX || !text.bytes().all(legal) {
        return Err(format!(
            "write 1 to {NT_DOMAIN_CHARS_MAX} letters, digits and `-`, such as CORP"
        ));
    }
    Ok(text.to_ascii_uppercase())
}

fn bounded(text: &str) -> Result<String, String> {
    if text.chars().nth(limits::TEXT_CHARS_MAX).is_some() {
        Err(format!("is longer than {} characters", limits::TEXT_CHARS_MAX))
    } else if text.chars().any(char::is_control) {
        Err("contains a control character".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_bounded() {
        assert_eq!(display_name(" Alice Archer "), Ok("Alice Archer".to_owned()));
        assert!(display_name("  ").is_err());
        assert!(display_name("a\u{1b}[1m").is_err());
        assert!(display_name(&"é".repeat(limits::TEXT_CHARS_MAX)).is_ok());
        assert!(display_name(&"é".repeat(limits::TEXT_CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn a_mail_address_has_a_name_and_a_domain() {
        assert_eq!(email("alice@example.com"), Ok("alice@example.com".to_owned()));
        assert_eq!(email(""), Ok(String::new()));
        for text in ["alice", "@example.com", "alice@", "al ice@example.com"] {
            assert!(email(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_nt_domain_is_short_and_upper_case() {
        assert_eq!(nt_domain("corp-1"), Ok("CORP-1".to_owned()));
        for text in ["", "a.b", "CORP\\x", "sixteen-letters-"] {
            assert!(nt_domain(text).is_err(), "{text}");
        }
    }
}
