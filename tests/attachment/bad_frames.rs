//! What a client must not say, and what becomes of it.

use crate::scene::person;
use anyhow::{Context, ensure};
use attachment::{CloseCode, ServerFrame, Why, limits};
use tests::attached::{Came, Socket};
use tests::{Attached, Failure, Plan, Stage};

#[test]
fn before_it_is_known_who_says_it() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let stage = Stage::start(Plan::default()).await?;
        let large = format!(
            r#"{{"type":"later","x":"{}"}}"#,
            "x".repeat(limits::FIRST_FRAME_BYTES_MAX)
        );
        let huge = "x".repeat(limits::CLIENT_FRAME_BYTES_MAX + 1);
        for (frame, code) in [
            ("", CloseCode::Malformed),
            ("hello", CloseCode::Malformed),
            ("{}", CloseCode::Malformed),
            (r#"{"type":"state"}"#, CloseCode::Malformed),
            (
                r#"{"type":"state","request":1,"state":"online"}"#,
                CloseCode::AuthenticateFirst,
            ),
            (r#"{"type":"ping"}"#, CloseCode::AuthenticateFirst),
            (r#"{"type":"log_off","request":1}"#, CloseCode::AuthenticateFirst),
            (large.as_str(), CloseCode::TooLarge),
            (huge.as_str(), CloseCode::TooLarge),
        ] {
            let mut socket = Socket::open(stage.door("r-1")?).await?;
            // A router that has closed may not read the rest.
            let _ = socket.say(frame).await;
            let short: String = frame.chars().take(60).collect();
            socket.ends(code).await.context(short)?;
        }
        let mut socket = Socket::open(stage.door("r-1")?).await?;
        socket.say_octets(b"{}").await?;
        socket.ends(CloseCode::NotText).await?;
        for proof in [
            r#"{"scram_first":"n,,n=alice"}"#,
            r#"{"scram_first":"p=tls-unique,,n=alice,r=x"}"#,
            r#"{"scram_final":"c=biws,r=x,p=QQ=="}"#,
        ] {
            let mut socket = Socket::open(stage.door("r-1")?).await?;
            let frame = format!(r#"{{"type":"authenticate","request":7,"proof":{proof}}}"#);
            socket.say(&frame).await?;
            let came = socket.hear().await?;
            let refused = Came::Frame(ServerFrame::Refused {
                request: 7,
                why: Why::Malformed,
                retry_after: None,
            });
            ensure!(came == refused, "{proof}: {came:?}");
        }
        stage.close().await
    })
}

#[test]
fn who_says_nothing_is_closed_in_time() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let stage = Stage::start(Plan::default()).await?;
        let mut socket = Socket::open(stage.door("r-1")?).await?;
        // A type that is not known is passed over, and is no sign of who says it.
        socket.say(r#"{"type":"wave"}"#).await?;
        socket.ends(CloseCode::NotAuthenticated).await?;
        stage.close().await
    })
}

#[test]
fn after_it_is_known_who_says_it() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut stage = Stage::start(Plan::default()).await?;
        let alice = person(&mut stage, "alice", "home-1").await?;
        let again = r#"{"type":"authenticate","request":1,"proof":{"token":"x"}}"#;
        let huge = "x".repeat(limits::CLIENT_FRAME_BYTES_MAX + 1);
        for (frame, code) in [
            ("[]", CloseCode::Malformed),
            (r#"{"type":"ping","extra":1}"#, CloseCode::Malformed),
            (r#"{"type":"typing","to":""}"#, CloseCode::Malformed),
            (again, CloseCode::AuthenticatedAlready),
            (huge.as_str(), CloseCode::TooLarge),
        ] {
            let mut client = Attached::log_on(&stage, &alice, "r-1").await?;
            let _ = client.socket()?.say(frame).await;
            client.socket()?.ends(code).await?;
        }
        stage.close().await
    })
}

#[test]
fn a_field_that_is_not_valid_is_refused_by_its_request() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut stage = Stage::start(Plan::default()).await?;
        let alice = person(&mut stage, "alice", "home-1").await?;
        let mut client = Attached::log_on(&stage, &alice, "r-1").await?;
        let long = "é".repeat(limits::TEXT_BYTES_MAX);
        for (fields, why) in [
            (r#""type":"state","state":"dnd""#.to_owned(), Why::Malformed),
            (r#""type":"watch","who":"""#.to_owned(), Why::Malformed),
            (r#""type":"watch","who":"nobody""#.to_owned(), Why::NobodyThere),
            (
                r#""type":"watch","who":"nobody@im.example.com""#.to_owned(),
                Why::NobodyThere,
            ),
            (
                r#""type":"watch","who":"bob@example.org""#.to_owned(),
                Why::NobodyThere,
            ),
            (
                r#""type":"unwatch","who":"bob@im.example.com""#.to_owned(),
                Why::NotThere,
            ),
            (
                r#""type":"block","who":"bob@example.org""#.to_owned(),
                Why::NobodyThere,
            ),
            (
                r#""type":"message","id":"","to":"a@im","text":"x""#.to_owned(),
                Why::Malformed,
            ),
            (
                r#""type":"message","id":"1","to":"a@im","text":"\u0000""#.to_owned(),
                Why::Malformed,
            ),
            (
                format!(r#""type":"message","id":"1","to":"a@im","text":"{long}""#),
                Why::TooLarge,
            ),
        ] {
            let request = client.number();
            client
                .socket()?
                .say(&format!(r#"{{"request":{request},{fields}}}"#))
                .await?;
            let answer = client.answer_to(request).await?;
            let refused = matches!(&answer, ServerFrame::Refused { why: told, .. } if *told == why);
            let short: String = fields.chars().take(60).collect();
            ensure!(refused, "{short}: {answer:?}");
        }
        client.socket()?.say(r#"{"type":"wave","request":9}"#).await?;
        client.ping().await?;
        stage.close().await
    })
}
