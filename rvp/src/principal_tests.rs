use super::*;

#[test]
fn spellings_of_one_person_are_one_principal() {
    let canonical = "http://im.example.com/instmsg/aliases/alice";
    for spelling in [
        "http://im.example.com/instmsg/aliases/alice",
        "HTTP://IM.Example.COM:80/INSTMSG/Aliases/ALICE/",
        " http://im.example.com./instmsg/aliases/al%69ce ",
        "http://home1.example.com/instmsg/local/im.example.com/instmsg/aliases/alice",
    ] {
        assert_eq!(
            Principal::from_url(spelling).unwrap().as_url(),
            canonical,
            "{spelling}"
        );
    }
    let alice = Principal::from_address("Alice@IM.example.com").unwrap();
    assert_eq!(alice.as_url(), canonical);
    assert_eq!(alice.address(), "alice@im.example.com");
    assert_eq!(alice.path(), "/instmsg/aliases/alice");
}

#[test]
fn other_ports_are_kept_until_asked_to_drop_them() {
    let alice = Principal::from_url("http://127.0.0.1:8080/instmsg/aliases/alice").unwrap();
    assert_eq!(alice.domain_str(), "127.0.0.1:8080");
    assert_eq!(
        alice.without_port().as_url(),
        "http://127.0.0.1/instmsg/aliases/alice"
    );
}

#[test]
fn what_is_not_a_person_is_refused() {
    for text in [
        "",
        "im.example.com",
        "https://im.example.com/instmsg/aliases/alice",
        "http:///instmsg/aliases/alice",
        "http://im.example.com/instmsg/aliases/",
        "http://im.example.com/instmsg/aliases/a/b",
        "http://im.example.com/instmsg/aliases/a%2fb",
        "http://im.example.com/instmsg/aliases/a%zz",
        "http://im.example.com/instmsg/aliases/%c3%28",
        "http://im.example.com/instmsg/local/im.example.com",
        "http://im.example.com:0/instmsg/aliases/alice",
        "http://im.example.com:99999/instmsg/aliases/alice",
        "http://im_é.example.com/instmsg/aliases/alice",
        "http://alice@im.example.com/instmsg/aliases/alice",
    ] {
        assert!(Principal::from_url(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_nearly_canonical_is_read_with_care() {
    let longest = "a".repeat(limits::NAME_CHARS_MAX);
    let long_host = "a".repeat(limits::DOMAIN_CHARS_MAX);
    for (domain, name, expected) in [
        (
            "im.example.com",
            "alice",
            "http://im.example.com/instmsg/aliases/alice",
        ),
        (
            "im.example.com",
            "a+b&c'd=~!$",
            "http://im.example.com/instmsg/aliases/a+b&c'd=~!$",
        ),
        (
            "im.example.com",
            "Alice",
            "http://im.example.com/instmsg/aliases/alice",
        ),
        (
            "IM.example.com",
            "alice",
            "http://im.example.com/instmsg/aliases/alice",
        ),
        (
            "im.example.com.",
            "alice",
            "http://im.example.com/instmsg/aliases/alice",
        ),
        (
            "im.example.com:80",
            "alice",
            "http://im.example.com/instmsg/aliases/alice",
        ),
        (
            "im.example.com:8080",
            "alice",
            "http://im.example.com:8080/instmsg/aliases/alice",
        ),
        ("a..b_c-d", "1", "http://a..b_c-d/instmsg/aliases/1"),
        ("b", &longest, &format!("http://b/instmsg/aliases/{longest}")),
        (&long_host, "a", &format!("http://{long_host}/instmsg/aliases/a")),
    ] {
        let person = Principal::from_address(&format!("{name}@{domain}")).unwrap();
        assert_eq!(person.as_url(), expected);
        assert_eq!(
            Principal::from_address(&format!("\t{name}@{domain} ")),
            Ok(person.clone())
        );
        assert_eq!(
            Principal::from_url(&format!("http://{domain}/instmsg/aliases/{name}")),
            Ok(person.clone())
        );
        assert_eq!(
            Principal::new(&Domain::parse(domain).unwrap(), name),
            Ok(person.clone())
        );
        assert_eq!(Principal::new(&person.domain(), person.name()), Ok(person));
    }
}

#[test]
fn spellings_of_one_path_are_one_principal() {
    let host = Domain::parse("127.0.0.1:8080").unwrap();
    let url = "http://127.0.0.1:8080/instmsg/aliases/a.b";
    for path in [
        "/instmsg/aliases/a.b",
        "/instmsg/aliases/a.b/",
        "/instmsg/aliases/A.b",
        "/instmsg/aliases/a%2eb",
        "/INSTMSG/aliases/a.b",
        "/instmsg/local/127.0.0.1:8080/instmsg/aliases/a.b",
    ] {
        assert_eq!(Principal::from_path(&host, path).unwrap().as_url(), url, "{path}");
    }
    for path in [
        "",
        "/instmsg/aliases/",
        "/instmsg/aliases//",
        "/instmsg/aliases/a.b//",
        "/instmsg/aliases/a.b?",
        "/instmsg/aliases/a.b ",
        " /instmsg/aliases/a.b",
        "/instmsg/local/a.b",
        "instmsg/aliases/a.b",
    ] {
        assert!(Principal::from_path(&host, path).is_err(), "{path}");
    }
}

#[test]
fn no_more_is_legal_because_it_is_nearly_canonical() {
    let too_long = "a".repeat(limits::NAME_CHARS_MAX + 1);
    let long_host = "a".repeat(limits::DOMAIN_CHARS_MAX + 1);
    for (domain, name) in [
        ("im.example.com", ""),
        ("", "alice"),
        (".", "alice"),
        (".im.example.com", "alice"),
        ("im.example.com/", "alice"),
        ("im.example.com/instmsg/aliases", "alice"),
        ("im.example.com", "a/b"),
        ("im.example.com", "a b"),
        ("im.example.com", "a\u{e4}"),
        ("im.\u{e4}.com", "alice"),
        ("[::1]", "alice"),
        ("im.example.com:", "alice"),
        ("im.example.com:x", "alice"),
        ("bob@im.example.com", "alice"),
        ("im.example.com", &too_long),
        (&long_host, "alice"),
    ] {
        assert!(
            Principal::from_address(&format!("{name}@{domain}")).is_err(),
            "{name}@{domain}"
        );
        let url = format!("http://{domain}/instmsg/aliases/{name}");
        assert!(Principal::from_url(&url).is_err(), "{url}");
    }
}

#[test]
fn the_parts_of_a_person_are_those_it_was_made_of() {
    for (domain, name) in [("b", "a"), ("im.example.com", "alice"), ("127.0.0.1:8080", "a.b")] {
        let person = Principal::new(&Domain::parse(domain).unwrap(), name).unwrap();
        assert_eq!((person.domain_str(), person.name()), (domain, name));
        assert_eq!(person.path(), format!("/instmsg/aliases/{name}"));
        assert_eq!(person.address(), format!("{name}@{domain}"));
    }
}

proptest::proptest! {
    /// The URL as we write it is read in a short way, any other in the long one.
    #[test]
    fn both_ways_of_reading_a_url_agree(url in "http://[a-z0-9.:_-]{0,12}/instmsg/aliases/[a-z0-9._~%/!-]{0,12}") {
        let shouted = url.to_ascii_uppercase();
        proptest::prop_assert_eq!(Principal::from_url(&url).ok(), Principal::from_url(&shouted).ok());
    }

    /// So are a host, and what people type.
    #[test]
    fn both_ways_of_reading_an_address_agree(host in "[a-z0-9.:_/@-]{0,12}", name in "[a-z0-9._~%/!@-]{0,12}") {
        proptest::prop_assert_eq!(Domain::parse(&host).ok(), Domain::parse(&host.to_ascii_uppercase()).ok());
        let address = format!("{name}@{host}");
        let shouted = address.to_ascii_uppercase();
        proptest::prop_assert_eq!(Principal::from_address(&address).ok(), Principal::from_address(&shouted).ok());
    }
}
