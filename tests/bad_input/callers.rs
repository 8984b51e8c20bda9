//! Who is not who they say, and credentials that are none.

use crate::scene::{going_on, unmoved};
use anyhow::ensure;
use std::time::Duration;
use tests::client::{ALL_PROPERTIES, Message};
use tests::wire::{Kept, digest};
use tests::{Ask, Connection, Failure, Proof};

/// Who authenticated is who asks, always: on each of the seven methods, with each scheme.
#[test]
fn nobody_asks_in_the_name_of_somebody_else() -> Result<(), Failure> {
    unmoved(async |scene| {
        let (maxb, deriks) = (scene.maxb.me().clone(), scene.deriks.me().clone());
        let dialect = scene.deriks.dialect();
        let login = scene.maxb.login.unwrap_or_default();
        let message = scene.maxb.notify(&maxb, &Message::text("x")).body;
        let asks = [
            Ask::new("SUBSCRIBE", &maxb)
                .header("Notification-Type", "pragma/notify")
                .header("Subscription-Lifetime", 60)
                .header("Call-Back", scene.deriks.listener.url()),
            Ask::new("UNSUBSCRIBE", &maxb).header("Subscription-Id", login),
            Ask::new("SUBSCRIPTIONS", &maxb).header("Notification-Type", "pragma/notify"),
            Ask::new("PROPFIND", &maxb)
                .header("Depth", 0)
                .body(dialect.find(&ALL_PROPERTIES)),
            Ask::new("PROPPATCH", &maxb).body(dialect.state("offline", None, None)),
            Ask::new("NOTIFY", &maxb).header("RVP-Hop-Count", 1).body(message),
            Ask::new("ACL", &maxb).body(dialect.entry(deriks.as_url(), &["all"], &[])),
        ];
        for proof in [Proof::Digest, Proof::Ntlm] {
            scene.deriks.wire.proof = proof;
            for ask in &asks {
                for from in [
                    maxb.as_url(),
                    "im.example.com",
                    "http://im.example.org/instmsg/aliases/deriks",
                ] {
                    scene.refused_to_deriks(403, ask.clone().from(from)).await?;
                }
            }
        }
        scene.deriks.wire.proof = Proof::Digest;
        Ok(())
    })
}

/// A connection that is authenticated stays its person's.
#[test]
fn an_authenticated_connection_does_not_change_hands() -> Result<(), Failure> {
    unmoved(async |scene| {
        let maxb = scene.maxb.me().clone();
        let mut wire = scene.deriks.wire.clone();
        (wire.proof, wire.style) = (Proof::Ntlm, tests::Style::NetRvp);
        let mut kept = Kept::default();
        let list = Ask::new("SUBSCRIPTIONS", &maxb).header("Notification-Type", "pragma/notify");
        ensure!(
            wire.ask(&mut kept, &list).await?.status == 403,
            "somebody else's logins"
        );
        ensure!(kept.connection.is_some(), "the connection is kept");
        ensure!(
            wire.ask(&mut kept, &list.clone().from(&maxb)).await?.status == 403,
            "in maxb's name"
        );
        Ok(())
    })
}

#[test]
fn credentials_that_cannot_be_read_are_malformed_and_others_not_enough() -> Result<(), Failure> {
    unmoved(async |scene| {
        for (authorization, status) in [
            ("Digest", 400),
            ("Digest username=maxb", 400),
            (
                "Digest username=\"maxb\", realm=\"im.example.com\", nonce=\"\", uri=\"/\", response=\"zz\"",
                400,
            ),
            ("NTLM", 400),
            ("NTLM !!!", 400),
            ("NTLM TlRMTVNTUAAB", 400),
            // Type 2, which is the server's to send.
            (
                "NTLM TlRMTVNTUAACAAAAAAAAADAAAAABAgAAASNFZ4mrze8AAAAAAAAAAAAAAAAwAAAA",
                400,
            ),
            // A type 3 message to a challenge that nobody made.
            (
                "NTLM TlRMTVNTUAADAAAAGAAYAEAAAAAYABgAWAAAAAAAAABwAAAACAAIAHAAAAAAAAAAeAAAAAAAAAB4AAAAAQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABtAGEAeABiAA==",
                401,
            ),
            ("Basic bWF4YjpzM2NyZXQ=", 401),
            ("Bearer abc", 401),
            ("", 401),
        ] {
            scene
                .refused(status, "ACL", &[&format!("Authorization: {authorization}")], b"")
                .await?;
        }
        Ok(())
    })
}

/// A Digest answer is good for one request line, one realm, and a nonce of ours that is not old (spec 6.3).
#[test]
fn a_digest_answer_is_for_what_it_was_made_for() -> Result<(), Failure> {
    going_on(async |scene| {
        let (maxb, deriks) = (scene.maxb.me().clone(), scene.deriks.me().clone());
        let read = Ask::new("ACL", &maxb);
        let challenge = challenge(scene, &maxb).await?;
        let wire = scene.maxb.wire.clone();
        let good = digest::answer(&wire, &read, &challenge)?;
        let line = |authorization: &str| format!("Authorization: {authorization}");
        let mine = format!("RVP-From-Principal: {maxb}");
        scene.refused(200, "ACL", &[&mine, &line(&good)], b"").await?;
        // The count does not advance, so the same answer is good again; but not for anything else.
        scene.refused(200, "ACL", &[&mine, &line(&good)], b"").await?;
        scene
            .refused(
                401,
                "SUBSCRIPTIONS",
                &["Notification-Type: pragma/notify", &mine, &line(&good)],
                b"",
            )
            .await?;
        let other = digest::answer(&wire, &Ask::new("ACL", &deriks), &challenge)?;
        scene.refused(401, "ACL", &[&mine, &line(&other)], b"").await?;
        for (from, to) in [
            ("realm=\"im.example.com\"", "realm=\"im.example.org\""),
            ("username=\"EXAMPLE\\", "username=\"OTHER\\"),
            ("nonce=\"", "nonce=\"0"),
            ("cnonce=\"7b1d\"", "cnonce=\"7b1e\""),
            ("nc=00000001", "nc=00000002"),
        ] {
            let changed = good.replace(from, to);
            ensure!(changed != good, "{from} is in the answer");
            scene.refused(401, "ACL", &[&mine, &line(&changed)], b"").await?;
        }
        scene.stage.advance(Duration::from_secs(301)).await?;
        scene.refused(401, "ACL", &[&mine, &line(&good)], b"").await
    })
}

async fn challenge(scene: &crate::scene::Scene, target: &rvp::Principal) -> anyhow::Result<String> {
    let mut connection = Connection::open(scene.stage.door("r-1")?).await?;
    let head = format!("ACL {} HTTP/1.1\r\nHost: im.example.com\r\n\r\n", target.path());
    connection.send(head.as_bytes()).await?;
    let answer = connection.read_answer().await?;
    let challenges = answer.parts.headers.get_all("www-authenticate");
    let digest = challenges
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find(|value| value.starts_with("Digest"));
    digest
        .map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("no Digest is offered"))
}
