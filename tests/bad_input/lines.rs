//! Request lines and heads that are no HTTP, or none of ours.

use crate::scene::unmoved;
use anyhow::{Context, ensure};
use tests::wire::rules::check_answer;
use tests::{Connection, Failure};

/// The HTTP library answers these before they are a request; what it answers need not be RVP.
#[test]
fn what_is_no_http_is_answered_and_the_connection_closed() -> Result<(), Failure> {
    unmoved(async |scene| {
        let long_line = format!(
            "ACL /{} HTTP/1.1\r\nHost: im.example.com\r\n\r\n",
            "a".repeat(100_000)
        );
        let long_head = format!(
            "ACL / HTTP/1.1\r\nHost: im.example.com\r\nX: {}\r\n\r\n",
            "a".repeat(100_000)
        );
        let many = format!(
            "ACL / HTTP/1.1\r\nHost: im.example.com\r\n{}\r\n",
            "X: y\r\n".repeat(70)
        );
        let cases: [(&[&str], u16); 12] = [
            (&["GARBAGE\r\n\r\n"], 400),
            (&["\0\0\0\0\r\n\r\n"], 400),
            (
                &["ACL http:///instmsg/aliases/maxb HTTP/1.1\r\nHost: a\r\n\r\n"],
                400,
            ),
            (&["ACL\r\n\r\n"], 400),
            (&["ACL /instmsg/aliases/maxb\r\n\r\n"], 400),
            (&["ACL /instmsg/aliases/maxb HTTP/7.0\r\n\r\n"], 400),
            (
                &["A CL /instmsg/aliases/maxb HTTP/1.1\r\nHost: im.example.com\r\n\r\n"],
                400,
            ),
            (&["ACL /instmsg/aliases/maxb HTTP/1.1\r\nno colon\r\n\r\n"], 400),
            (
                &[
                    "ACL /instmsg/aliases/maxb HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                ],
                400,
            ),
            (&[&long_line], 431),
            (&[&long_head], 431),
            (&[&many], 431),
        ];
        for (pieces, status) in cases {
            let octets = pieces.concat();
            let begin: String = octets.chars().take(80).collect();
            let answer = scene
                .raw(octets.as_bytes())
                .await
                .with_context(|| begin.clone())?;
            ensure!(
                answer.status == status,
                "{} instead of {status} to {begin}",
                answer.status
            );
        }
        Ok(())
    })
}

#[test]
fn a_target_that_is_nobodys_node_is_refused() -> Result<(), Failure> {
    unmoved(async |scene| {
        for (target, status) in [
            ("/", 400),
            ("*", 400),
            ("/instmsg/aliases/", 400),
            ("/instmsg/aliases", 400),
            ("/instmsgs/aliases/maxb", 400),
            ("/instmsg/aliases/maxb/deriks", 400),
            ("/instmsg/aliases/../aliases/maxb", 400),
            ("/instmsg/aliases/m%zzb", 400),
            ("/instmsg/aliases/m%00b", 400),
            ("/instmsg/aliases/max%2Fb", 400),
            ("/instmsg/local/im.example.com", 400),
            ("/instmsg/local//instmsg/aliases/maxb", 400),
            ("/instmsg/local/im.example.org/instmsg/aliases/maxb", 404),
            ("http://im.example.org/instmsg/aliases/maxb", 404),
            ("/instmsg/aliases/nobody", 404),
        ] {
            let from = scene.deriks.me();
            let head = format!(
                "ACL {target} HTTP/1.1\r\nHost: im.example.com\r\nRVP-From-Principal: {from}\r\nContent-Length: 0\r\n\r\n"
            );
            let answer = scene.raw(head.as_bytes()).await.with_context(|| head.clone())?;
            check_answer("ACL", &answer).with_context(|| head.clone())?;
            ensure!(
                answer.status == status,
                "{} instead of {status} to {target}",
                answer.status
            );
        }
        let long = format!("/instmsg/aliases/{}", "a".repeat(65));
        let head = format!("ACL {long} HTTP/1.1\r\nHost: im.example.com\r\nContent-Length: 0\r\n\r\n");
        ensure!(
            scene.raw(head.as_bytes()).await?.status == 400,
            "a name that is too long"
        );
        Ok(())
    })
}

#[test]
fn a_host_that_is_not_ours_is_not_served() -> Result<(), Failure> {
    unmoved(async |scene| {
        let path = scene.maxb.me().path().to_owned();
        for (host, status) in [
            ("Host: im.example.org\r\n", 404),
            ("Host: 127.0.0.1\r\n", 404),
            ("Host: example.com\r\n", 404),
            ("Host: im.example.com.evil.example\r\n", 404),
            ("", 400),
            ("Host: \r\n", 400),
            ("Host: im.example.com:99999\r\n", 400),
            ("Host: im.example.com\r\nHost: im.example.org\r\n", 400),
        ] {
            let head = format!("ACL {path} HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n");
            let answer = scene.raw(head.as_bytes()).await.with_context(|| head.clone())?;
            check_answer("ACL", &answer).with_context(|| head.clone())?;
            ensure!(
                answer.status == status,
                "{} instead of {status} to {head}",
                answer.status
            );
        }
        Ok(())
    })
}

/// Who begins and does not go on takes nobody's place.
#[test]
fn heads_and_bodies_that_do_not_end_hold_nobody_up() -> Result<(), Failure> {
    unmoved(async |scene| {
        let door = scene.stage.door("r-1")?;
        let mut begun = Vec::new();
        for number in 0..100 {
            let mut connection = Connection::open(door).await?;
            let octets: &[u8] = match number % 4 {
                0 => b"",
                1 => b"SUBS",
                2 => b"SUBSCRIBE /instmsg/aliases/maxb HTTP/1.1\r\nHost: im.exam",
                _ => b"ACL /instmsg/aliases/maxb HTTP/1.1\r\nHost: im.example.com\r\nContent-Length: 100\r\n\r\n<a:rvp",
            };
            connection.send(octets).await?;
            begun.push(connection);
        }
        scene.refused(401, "ACL", &[], b"").await?;
        for connection in &mut begun {
            connection.finish().await?;
        }
        scene.refused(401, "ACL", &[], b"").await
    })
}

/// Two requests in one packet are answered one after the other, on the same connection.
#[test]
fn requests_sent_at_once_are_answered_in_their_order() -> Result<(), Failure> {
    unmoved(async |scene| {
        let path = scene.maxb.me().path().to_owned();
        let request = |method: &str| {
            format!("{method} {path} HTTP/1.1\r\nHost: im.example.com\r\nContent-Length: 0\r\n\r\n")
        };
        let mut connection = Connection::open(scene.stage.door("r-1")?).await?;
        connection
            .send(format!("{}{}{}", request("ACL"), request("MOVE"), request("GET")).as_bytes())
            .await?;
        for status in [401, 405, 501] {
            let answer = connection.read_answer().await?;
            ensure!(answer.status == status, "{} instead of {status}", answer.status);
        }
        Ok(())
    })
}
