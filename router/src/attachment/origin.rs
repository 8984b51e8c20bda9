//! Which pages may open an attachment. A browser says which page it runs, and sends what it knows of us with it: a page
//! of somebody else must not talk in the name of whoever looks at it.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Whether a request may go on. One without `Origin` comes from no browser.
pub(crate) fn is_permitted(headers: &HeaderMap, permitted: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return headers.get(ORIGIN).is_none();
    };
    let Ok(origin) = origin.to_str() else { return false };
    if permitted.iter().any(|each| each.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let page = ["http://", "https://"]
        .iter()
        .find_map(|scheme| origin.strip_prefix(scheme));
    match (page, host) {
        (Some(page), Some(host)) => without_port(page).eq_ignore_ascii_case(without_port(host)),
        _ => false,
    }
}

/// A proxy before us may listen at another port.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_pages_and_those_that_are_named_may() {
        let may = |origin: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "im.example.com:8080".parse().unwrap());
            for each in origin {
                headers.append(ORIGIN, each.parse().unwrap());
            }
            is_permitted(&headers, &["https://chat.example.org".to_owned()])
        };
        assert!(may(&[]), "no browser");
        assert!(may(&["https://im.example.com"]));
        assert!(may(&["http://im.example.com:8080"]));
        assert!(may(&["https://IM.EXAMPLE.COM"]));
        assert!(may(&["https://chat.example.org"]));
        for stranger in [
            "null",
            "",
            "https://chat.example.org:444",
            "https://example.org",
            "https://im.example.com.example.org",
            "https://evil.im.example.com",
            "file://im.example.com",
            "im.example.com",
        ] {
            assert!(!may(&[stranger]), "{stranger}");
        }
        assert!(!may(&["https://im.example.com", "https://example.org"]));
    }
}
