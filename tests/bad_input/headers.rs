//! Headers that are missing, malformed, given twice or too long.

use crate::scene::unmoved;
use tests::{Ask, Failure};

const LOGIN: &str = "Notification-Type: pragma/notify";
const WATCH: &str = "Notification-Type: update/propchange";
const LIFETIME: &str = "Subscription-Lifetime: 3600";
const CLIENT: &str = "Call-Back: http://127.0.0.1:49152";
const PERSON: &str = "Call-Back: http://im.example.com/instmsg/aliases/deriks";

#[test]
fn a_subscribe_says_what_it_wants_once_and_for_how_long() -> Result<(), Failure> {
    unmoved(async |scene| {
        let cases: [&[&str]; 16] = [
            &[],
            &[LOGIN, CLIENT],
            &[WATCH, PERSON],
            &[LOGIN, CLIENT, "Subscription-Lifetime: 0"],
            &[LOGIN, CLIENT, "Subscription-Lifetime: -1"],
            &[LOGIN, CLIENT, "Subscription-Lifetime: for ever"],
            &[LOGIN, CLIENT, "Subscription-Lifetime:"],
            &[LOGIN, CLIENT, LIFETIME, LIFETIME],
            &[LOGIN, LIFETIME],
            &[WATCH, LIFETIME],
            &[WATCH, PERSON, PERSON, LIFETIME],
            &[LOGIN, CLIENT, LIFETIME, "Subscription-Id: 1"],
            &["Notification-Type: pragma/everything", CLIENT, LIFETIME],
            &[LOGIN, WATCH, CLIENT, LIFETIME],
            &["Subscription-Id: 1"],
            &[LIFETIME],
        ];
        for lines in cases {
            scene.refused(400, "SUBSCRIBE", lines, b"").await?;
        }
        Ok(())
    })
}

#[test]
fn an_id_is_a_number_that_clients_can_print() -> Result<(), Failure> {
    unmoved(async |scene| {
        for id in [
            "0",
            "-1",
            "2147483648",
            "99999999999999999999",
            "abc",
            "1 2",
            "0x10",
            "",
            "1.5",
        ] {
            let id = format!("Subscription-Id: {id}");
            scene.refused(400, "UNSUBSCRIBE", &[&id], b"").await?;
            scene.refused(400, "SUBSCRIBE", &[&id, LIFETIME], b"").await?;
        }
        scene.refused(400, "UNSUBSCRIBE", &[], b"").await?;
        scene
            .refused(
                400,
                "UNSUBSCRIBE",
                &["Subscription-Id: 1", "Subscription-Id: 2"],
                b"",
            )
            .await
    })
}

/// The owner's and a subscriber's ids, from somebody who has neither.
#[test]
fn ids_of_others_are_refused_and_unknown_ones_do_not_exist() -> Result<(), Failure> {
    unmoved(async |scene| {
        let maxb = scene.maxb.me().clone();
        let deriks = scene.deriks.me().clone();
        let (login, watch) = (scene.maxb.login.unwrap_or_default(), scene.deriks.watches[&maxb]);
        let renew = |on, id| {
            Ask::new("SUBSCRIBE", on)
                .header("Subscription-Id", id)
                .header("Subscription-Lifetime", 60)
        };
        let end = |on, id| Ask::new("UNSUBSCRIBE", on).header("Subscription-Id", id);
        for id in [1, 4_711, 2_147_483_647] {
            scene.refused_to_deriks(412, renew(&maxb, id)).await?;
            scene.refused_to_deriks(412, end(&maxb, id)).await?;
            scene.refused_to_maxb(412, end(&maxb, id)).await?;
        }
        scene.refused_to_deriks(403, renew(&maxb, login)).await?;
        scene.refused_to_deriks(403, end(&maxb, login)).await?;
        // An id lives on one node only.
        scene.refused_to_deriks(412, end(&deriks, watch)).await?;
        scene.refused_to_maxb(412, end(&deriks, watch)).await?;
        // Nothing of this can be had by just saying who one is.
        scene
            .refused(401, "UNSUBSCRIBE", &[&format!("Subscription-Id: {login}")], b"")
            .await?;
        scene
            .refused(401, "UNSUBSCRIBE", &["Subscription-Id: 4711"], b"")
            .await
    })
}

#[test]
fn subscriptions_lists_one_of_the_two_kinds() -> Result<(), Failure> {
    unmoved(async |scene| {
        scene.refused(400, "SUBSCRIPTIONS", &[], b"").await?;
        scene
            .refused(400, "SUBSCRIPTIONS", &["Notification-Type: everything"], b"")
            .await?;
        scene.refused(401, "SUBSCRIPTIONS", &[WATCH], b"").await
    })
}

#[test]
fn a_propfind_is_of_depth_0() -> Result<(), Failure> {
    unmoved(async |scene| {
        let body = br#"<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:allprop/></d:propfind>"#;
        let cases: [&[&str]; 6] = [
            &[],
            &["Depth: 1"],
            &["Depth: infinity"],
            &["Depth: 00"],
            &["Depth:"],
            &["Depth: 0", "Depth: 1"],
        ];
        for lines in cases {
            scene.refused(412, "PROPFIND", lines, body).await?;
        }
        scene.refused(401, "PROPFIND", &["Depth: 0"], body).await
    })
}

#[test]
fn ack_type_and_hop_count_are_what_rvp_knows() -> Result<(), Failure> {
    unmoved(async |scene| {
        let maxb = scene.maxb.me().clone();
        let good = scene
            .deriks
            .notify(&maxb, &tests::client::Message::text("x"))
            .body;
        for line in [
            "RVP-Ack-Type: ShallowAnd",
            "RVP-Ack-Type:",
            "RVP-Hop-Count: 0",
            "RVP-Hop-Count: -1",
            "RVP-Hop-Count: many",
            "Subscription-Id: none",
        ] {
            scene.refused(400, "NOTIFY", &[line], &good).await?;
        }
        scene
            .refused(400, "NOTIFY", &["RVP-Hop-Count: 1", "RVP-Hop-Count: 2"], &good)
            .await?;
        for hop in ["9", "255", "256", "99999999999999999999"] {
            scene
                .refused(412, "NOTIFY", &[&format!("RVP-Hop-Count: {hop}")], &good)
                .await?;
        }
        Ok(())
    })
}

#[test]
fn a_header_that_is_too_long_or_not_text_is_refused() -> Result<(), Failure> {
    unmoved(async |scene| {
        let long = "a".repeat(2_049);
        scene
            .refused(
                400,
                "ACL",
                &[&format!(
                    "RVP-From-Principal: http://im.example.com/instmsg/aliases/{long}"
                )],
                b"",
            )
            .await?;
        scene
            .refused(
                400,
                "ACL",
                &[&format!("Authorization: Digest username=\"{long}\"")],
                b"",
            )
            .await?;
        scene
            .refused(
                400,
                "SUBSCRIBE",
                &[
                    LOGIN,
                    LIFETIME,
                    &format!("Call-Back: http://127.0.0.1:2000/{long}"),
                ],
                b"",
            )
            .await?;
        scene
            .refused(400, "ACL", &["RVP-From-Principal: nobody at all"], b"")
            .await?;
        scene.refused(400, "ACL", &["RVP-From-Principal:"], b"").await?;
        scene
            .refused(400, "ACL", &["RVP-From-Principal: http://im.example.com/"], b"")
            .await?;
        let latin = b"ACL /instmsg/aliases/maxb HTTP/1.1\r\nHost: im.example.com\r\nRVP-From-Principal: \xe4\xf6\r\n\r\n";
        let answer = scene.raw(latin).await?;
        anyhow::ensure!(answer.status == 400, "{} to a header in Latin-1", answer.status);
        Ok(())
    })
}
