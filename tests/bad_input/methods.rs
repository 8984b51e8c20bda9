//! Methods that are not RVP's.

use crate::scene::unmoved;
use anyhow::ensure;
use tests::wait::within;
use tests::{Connection, Failure};

#[test]
fn other_methods_are_not_implemented_and_two_not_allowed() -> Result<(), Failure> {
    unmoved(async |scene| {
        for method in [
            "GET",
            "POST",
            "PUT",
            "LOCK",
            "UNLOCK",
            "OPTIONS",
            "DELETE",
            "MKCOL",
            "TRACE",
            "POLL",
            "PATCH",
            "SEARCH",
            "subscribe",
            "SUBSCRIBES",
            "NOTIFY2",
            "X",
        ] {
            scene.refused(501, method, &[], b"").await?;
            scene
                .refused(501, method, &["Content-Type: text/xml"], b"<r:notification/>")
                .await?;
        }
        scene
            .refused(405, "COPY", &["Destination: /instmsg/aliases/deriks"], b"")
            .await?;
        scene
            .refused(405, "MOVE", &["Destination: /instmsg/aliases/deriks"], b"")
            .await?;
        Ok(())
    })
}

/// An answer to HEAD has a length and no body, so it is read by hand.
#[test]
fn head_is_not_implemented_either() -> Result<(), Failure> {
    unmoved(async |scene| {
        let mut connection = Connection::open(scene.stage.door("r-1")?).await?;
        connection
            .send(b"HEAD /instmsg/aliases/maxb HTTP/1.1\r\nHost: im.example.com\r\n\r\n")
            .await?;
        connection.finish().await?;
        let (head, body) = within("the answer to HEAD", connection.read_rest()).await??;
        ensure!(head.starts_with("HTTP/1.1 501 "), "{head}");
        ensure!(body.is_empty(), "a body to HEAD: {body:?}");
        Ok(())
    })
}
