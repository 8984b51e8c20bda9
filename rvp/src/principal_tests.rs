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

proptest::proptest! {
    /// The URL as we write it is read in a short way, any other in the long one.
    #[test]
    fn both_ways_of_reading_a_url_agree(url in "http://[a-z0-9.:_-]{0,12}/instmsg/aliases/[a-z0-9._~%/!-]{0,12}") {
        let shouted = url.to_ascii_uppercase();
        proptest::prop_assert_eq!(Principal::from_url(&url).ok(), Principal::from_url(&shouted).ok());
    }
}
