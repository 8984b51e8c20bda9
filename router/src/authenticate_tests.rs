use super::*;
use crate::connection::Place;
use rvp::Method;
use rvp::credentials::NtlmNegotiate;
use rvp::method::Acl;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const BOTH: [Scheme; 2] = [Scheme::Ntlm, Scheme::Digest];
const CARRIERS: [Carrier; 3] = [Carrier::Ntlm, Carrier::Negotiate, Carrier::Spnego];

fn authenticate(schemes: &[Scheme]) -> Authenticate {
    Authenticate {
        forward: Forward::nowhere(),
        nonces: Nonces::new([7; 32]),
        schemes: schemes.to_vec(),
        domains: vec![Domain::parse("im.example.com").unwrap()],
        metrics: Metrics::default(),
    }
}

fn connection() -> Connection {
    Connection::new(([192, 0, 2, 1], 1025).into(), Place::of_nobody())
}

/// Asks about somebody elsewhere, so that no account can be right and no home is asked.
async fn ask(schemes: &[Scheme], connection: &Connection, authorization: &str) -> Unknown {
    let target = Principal::from_address("bob@example.org").unwrap();
    let request = Request {
        target,
        from: None,
        method: Method::Acl(Acl::Read),
    };
    let parts = http::Request::builder()
        .method("ACL")
        .uri("/instmsg/aliases/bob")
        .header("authorization", authorization)
        .body(())
        .unwrap()
        .into_parts()
        .0;
    authenticate(schemes)
        .caller(connection, &parts, &request, NOW)
        .await
        .unwrap_err()
}

/// The schemes in the challenges; those with more than the name end in a blank.
fn offered(unknown: Unknown) -> Vec<String> {
    let Unknown::Challenge(challenges) = unknown else {
        panic!("{unknown:?}")
    };
    let scheme = |challenge: String| challenge.split_inclusive(' ').next().unwrap().to_owned();
    challenges.into_iter().map(scheme).collect()
}

fn text(authorization: &Authorization) -> String {
    authorization.write().to_str().unwrap().to_owned()
}

#[test]
fn both_schemes_are_offered_in_the_one_order_that_librvp_understands() {
    let offers = |schemes: &[Scheme]| offers(schemes, || "Digest x".to_owned());
    assert_eq!(offers(&BOTH), ["Negotiate", "NTLM", "Digest x"]);
    assert_eq!(
        offers(&[Scheme::Digest, Scheme::Ntlm]),
        ["Negotiate", "NTLM", "Digest x"]
    );
    assert_eq!(offers(&[Scheme::Ntlm]), ["NTLM"]);
    assert_eq!(offers(&[Scheme::Digest]), ["Digest x"]);
}

#[tokio::test]
async fn who_tries_something_else_is_told_what_is_offered() {
    let kerberos = "Negotiate YAsGCSqGSIb3EgECAg==";
    for authorization in ["", "Basic YTpi", "Bearer x", "Negotiate", "Negotiate !", kerberos] {
        let unknown = ask(&BOTH, &connection(), authorization).await;
        assert_eq!(
            offered(unknown),
            ["Negotiate", "NTLM", "Digest "],
            "{authorization}"
        );
    }
    for authorization in ["NTLM", "NTLM !", "Digest", "Digest username=\"a\""] {
        let unknown = ask(&BOTH, &connection(), authorization).await;
        assert_eq!(unknown, Unknown::Fault(Fault::BadRequest), "{authorization}");
    }
}

#[tokio::test]
async fn a_scheme_that_is_not_offered_is_answered_with_one_that_is() {
    for carrier in CARRIERS {
        let type_1 = text(&Authorization::NtlmNegotiate(NtlmNegotiate {
            flags: 0x207,
            carrier,
        }));
        assert_eq!(
            offered(ask(&[Scheme::Digest], &connection(), &type_1).await),
            ["Digest "]
        );
    }
    let select = text(&Authorization::SelectNtlm);
    assert_eq!(
        offered(ask(&[Scheme::Digest], &connection(), &select).await),
        ["Digest "]
    );
    let digest = "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"/\", \
        response=\"2b722b94d0c9f78c41ebf604342f2a5e\"";
    assert_eq!(
        offered(ask(&[Scheme::Ntlm], &connection(), digest).await),
        ["NTLM"]
    );
}

#[tokio::test]
async fn ntlm_goes_on_in_the_way_it_came_and_after_a_failure_begins_again() {
    let everything = &["Negotiate", "NTLM", "Digest "][..];
    for (carrier, challenge, after) in [
        (Carrier::Ntlm, "NTLM ", &["NTLM"][..]),
        (Carrier::Negotiate, "Negotiate ", everything),
        (Carrier::Spnego, "Negotiate ", everything),
    ] {
        let connection = connection();
        let type_1 = text(&Authorization::NtlmNegotiate(NtlmNegotiate {
            flags: 0x207,
            carrier,
        }));
        assert_eq!(offered(ask(&BOTH, &connection, &type_1).await), [challenge]);
        assert!(matches!(connection.ntlm(), Ntlm::Challenged(_)));

        let responses = || vec![0; 24];
        let answer = NtlmAnswer {
            domain: String::new(),
            user: "alice".to_owned(),
            lm_response: responses(),
            nt_response: responses(),
        };
        let type_3 = text(&Authorization::NtlmAuthenticate { answer, carrier });
        assert_eq!(offered(ask(&BOTH, &connection, &type_3).await), after);
        assert_eq!(connection.ntlm(), Ntlm::Nobody);
    }
}

#[tokio::test]
async fn who_prefers_kerberos_is_told_to_use_ntlm() {
    let connection = connection();
    let unknown = ask(&BOTH, &connection, &text(&Authorization::SelectNtlm)).await;
    assert_eq!(unknown, Unknown::Challenge(vec![select_ntlm()]));
    assert_eq!(connection.ntlm(), Ntlm::Nobody);
}
