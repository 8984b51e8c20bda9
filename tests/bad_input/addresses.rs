//! Call-backs to where nobody should be called.

use crate::scene::unmoved;
use tests::{Ask, Failure};

#[test]
fn a_client_is_called_back_only_where_it_comes_from() -> Result<(), Failure> {
    unmoved(async |scene| {
        let router = scene.stage.door("r-1")?;
        let own = format!("http://{router}");
        for (call_back, status) in [
            ("http://192.0.2.10:49152", 403),
            ("http://127.0.0.2:49152", 403),
            ("http://10.0.0.1:49152", 403),
            ("http://169.254.169.254:49152", 403),
            ("http://[::1]:49152", 403),
            ("http://[::ffff:192.0.2.10]:49152", 403),
            ("http://0.0.0.0:49152", 403),
            ("http://255.255.255.255:49152", 403),
            ("http://224.0.0.1:49152", 403),
            ("http://localhost:49152", 403),
            ("http://desk.example.com:49152", 403),
            ("http://127.0.0.1", 403),
            ("http://127.0.0.1:80", 403),
            ("http://127.0.0.1:1023", 403),
            (own.as_str(), 403),
            ("http://127.1:49152", 400),
            ("http://2130706433:49152", 400),
            ("http://0x7f000001:49152", 400),
            ("http://127.0.0.1:0", 400),
            ("http://127.0.0.1:65536", 400),
            ("https://127.0.0.1:49152", 400),
            ("ftp://127.0.0.1:49152", 400),
            ("127.0.0.1:49152", 400),
            ("<http://127.0.0.1:49152>", 400),
            ("http://user@127.0.0.1:49152", 400),
            ("http://127.0.0.1:49152/a b", 400),
        ] {
            let ask = Ask::new("SUBSCRIBE", scene.maxb.me())
                .header("Notification-Type", "pragma/notify")
                .header("Subscription-Lifetime", 3_600)
                .header("Call-Back", call_back);
            scene.refused_to_maxb(status, ask).await?;
        }
        Ok(())
    })
}

#[test]
fn a_watch_is_for_oneself_and_told_at_home() -> Result<(), Failure> {
    unmoved(async |scene| {
        let (maxb, listener) = (scene.maxb.me().clone(), scene.deriks.listener.url());
        let watch = |call_back: &str| {
            Ask::new("SUBSCRIBE", &maxb)
                .header("Notification-Type", "update/propchange")
                .header("Subscription-Lifetime", 3_600)
                .header("Call-Back", call_back)
        };
        let own = maxb.as_url();
        // A bare listener, somebody else, a domain that is not ours.
        for call_back in [
            listener.as_str(),
            own,
            "http://im.example.org/instmsg/aliases/deriks",
        ] {
            scene.refused_to_deriks(403, watch(call_back)).await?;
        }
        scene
            .refused_to_deriks(400, watch("http://im.example.com/instmsg/aliases/"))
            .await
    })
}

#[test]
fn nobody_listens_on_somebody_elses_node() -> Result<(), Failure> {
    unmoved(async |scene| {
        let listener = scene.deriks.listener.url();
        let sink = Ask::new("SUBSCRIBE", scene.maxb.me())
            .header("Notification-Type", "pragma/notify")
            .header("Subscription-Lifetime", 3_600)
            .header("Call-Back", listener);
        scene.refused_to_deriks(403, sink).await
    })
}
