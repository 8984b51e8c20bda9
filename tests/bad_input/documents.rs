//! Documents that are malformed, too large, or try what XML should not be able to do.

use crate::scene::unmoved;
use anyhow::ensure;
use tests::documents::{Contact, Dialect, Entity};
use tests::{Ask, Failure, Style};

const DIALECT: Dialect = Dialect {
    style: Style::Librvp,
    foreign_prefixes: false,
};

/// Nothing of this is a document, whatever the method.
fn hopeless() -> Vec<Vec<u8>> {
    let deep = format!("{}{}", "<d:a xmlns:d='DAV:'>".repeat(40), "</d:a>".repeat(40));
    let wide = format!(
        "<d:propfind xmlns:d='DAV:'><d:prop>{}</d:prop></d:propfind>",
        "<d:x/>".repeat(5_000)
    );
    let attributes: String = (0..40).map(|number| format!(" a{number}='x'")).collect();
    let laughs = r#"<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><l>&b;</l>"#;
    let outside = r#"<?xml version="1.0"?><!DOCTYPE l [<!ENTITY f SYSTEM "file:///etc/passwd">]><l>&f;</l>"#;
    let mut all: Vec<Vec<u8>> = [
        deep.as_str(),
        &wide,
        &format!("<d:a xmlns:d='DAV:'{attributes}/>"),
        laughs,
        outside,
        "<!DOCTYPE l SYSTEM 'http://127.0.0.1:1/l.dtd'><l/>",
        "<d:propfind xmlns:d='DAV:'><d:prop><x:y/></d:prop></d:propfind>",
        "<d:propfind><d:allprop/></d:propfind>",
        "<d:propfind xmlns:d='DAV:'><d:allprop/>",
        "<d:propfind xmlns:d='DAV:'><d:allprop></d:propfind></d:allprop>",
        "<d:propfind xmlns:d='DAV:'>&unknown;</d:propfind>",
        "<d:propfind xmlns:d='DAV:'>&#0;</d:propfind>",
        "<d:propfind xmlns:d='DAV:'/><d:propfind xmlns:d='DAV:'/>",
        "text <d:propfind xmlns:d='DAV:'/>",
        "<?xml version=\"1.0\" encoding=\"utf-16\"?><d:propfind xmlns:d='DAV:'/>",
        "not a document",
        "<",
        "<?xml version=\"1.0\"?>",
        "<d:something xmlns:d='DAV:'/>",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    all.push(b"<d:propfind xmlns:d='DAV:'>\xff\xfe</d:propfind>".to_vec());
    all.push(b"\x00\x01\x02\x03".to_vec());
    all
}

#[test]
fn what_is_no_document_is_refused_by_every_method_that_reads_one() -> Result<(), Failure> {
    unmoved(async |scene| {
        for body in hopeless() {
            for (method, lines) in [
                ("PROPFIND", &["Depth: 0", "Content-Type: text/xml"][..]),
                ("PROPPATCH", &["Content-Type: text/xml"]),
                ("NOTIFY", &["Content-Type: text/xml", "RVP-Hop-Count: 1"]),
                ("ACL", &["Content-Type: text/xml"]),
            ] {
                scene.refused(400, method, lines, &body).await?;
            }
        }
        Ok(())
    })
}

/// Who leaves a body out until it has been challenged is challenged; who has proved who it is must send one.
#[test]
fn a_document_that_is_missing_is_missed_after_authentication() -> Result<(), Failure> {
    unmoved(async |scene| {
        let maxb = scene.maxb.me().clone();
        for (method, lines) in [
            ("PROPFIND", &["Depth: 0"][..]),
            ("PROPPATCH", &[]),
            ("NOTIFY", &[]),
        ] {
            scene.refused(401, method, lines, b"").await?;
            scene
                .refused_to_maxb(400, Ask::new(method, &maxb).header("Depth", 0))
                .await?;
        }
        Ok(())
    })
}

#[test]
fn a_document_of_the_right_kind_with_the_wrong_content_is_refused() -> Result<(), Failure> {
    unmoved(async |scene| {
        let dav = "xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' xmlns:a='http://schemas.microsoft.com/rvp/acl/'";
        let find = |inside: &str| format!("<d:propfind {dav}>{inside}</d:propfind>");
        for inside in [
            "",
            "<d:prop/>",
            "<d:allprop/><d:propname/>",
            "<d:prop><d:displayname/></d:prop><d:allprop/>",
        ] {
            scene
                .refused(400, "PROPFIND", &["Depth: 0"], find(inside).as_bytes())
                .await?;
        }
        let many = "<d:x/>".repeat(65);
        scene
            .refused(
                400,
                "PROPFIND",
                &["Depth: 0"],
                find(&format!("<d:prop>{many}</d:prop>")).as_bytes(),
            )
            .await?;
        let long = "<r:state><r:online/></r:state>".replace("online", &"n".repeat(70));
        for inside in [
            "",
            "<d:set/>",
            "<d:set><d:prop/></d:set>",
            "<d:remove><d:prop><r:state/></d:prop></d:remove>",
            "<d:set><d:prop><r:state/></d:prop></d:set>",
            "<d:set><d:prop><r:state><r:leased-value><d:timeout>60</d:timeout></r:leased-value></r:state></d:prop></d:set>",
            "<d:set><d:prop><r:state><r:online/><r:view-id>0</r:view-id></r:state></d:prop></d:set>",
            "<d:set><d:prop><r:state><r:online/><r:view-id>2147483648</r:view-id></r:state></d:prop></d:set>",
            "<d:set><d:prop><r:state><r:leased-value><r:value><r:online/></r:value><d:timeout>soon</d:timeout></r:leased-value></r:state></d:prop></d:set>",
        ] {
            let body = format!("<d:propertyupdate {dav}>{inside}</d:propertyupdate>");
            scene.refused(400, "PROPPATCH", &[], body.as_bytes()).await?;
        }
        // Something that RVP does not know is refused inside the answer, to who may set it.
        let body = DIALECT.update(&long);
        let answer = scene
            .maxb
            .ask(&Ask::new("PROPPATCH", scene.maxb.me()).body(body))
            .await?;
        ensure!(answer.status == 207, "{} to an unknown state", answer.status);
        ensure!(
            answer.patched()?.refused.len() == 1,
            "an unknown state is refused"
        );
        Ok(())
    })
}

#[test]
fn an_access_list_names_whom_it_is_about_and_their_credentials() -> Result<(), Failure> {
    unmoved(async |scene| {
        let list = |ace: &str| {
            format!(
                "<a:rvpacl xmlns:a='http://schemas.microsoft.com/rvp/acl/'><a:acl><a:inheritance>none</a:inheritance>{ace}</a:acl></a:rvpacl>"
            )
        };
        let who = "<a:rvp-principal>http://im.example.com/instmsg/aliases/deriks</a:rvp-principal>";
        for ace in [
            &format!("<a:ace><a:principal>{who}</a:principal><a:grant><a:all/></a:grant></a:ace>"),
            &format!(
                "<a:ace><a:principal>{who}<a:credentials/></a:principal><a:grant><a:all/></a:grant></a:ace>"
            ),
            "<a:ace><a:principal><a:credentials><a:any/></a:credentials></a:principal></a:ace>",
            "<a:ace><a:principal><a:rvp-principal>not a principal</a:rvp-principal><a:credentials><a:any/></a:credentials></a:principal></a:ace>",
            &format!(
                "<a:ace><a:principal>{who}<a:allprincipals/><a:credentials><a:any/></a:credentials></a:principal></a:ace>"
            ),
            "<a:ace/>",
        ] {
            let ask = Ask::new("ACL", scene.maxb.me()).body(list(ace));
            scene.refused_to_maxb(400, ask).await?;
        }
        // A good one from somebody else, who may not.
        let body = DIALECT.entry(scene.deriks.me().as_url(), &["all"], &[]);
        let ask = Ask::new("ACL", scene.maxb.me()).body(body);
        scene.refused_to_deriks(403, ask).await
    })
}

#[test]
fn a_notification_says_who_it_is_from_and_to() -> Result<(), Failure> {
    unmoved(async |scene| {
        let maxb = scene.maxb.me().clone();
        let contact = |url: &str| Contact {
            url: url.to_owned(),
            name: "x".into(),
        };
        let entity = Entity {
            kind: Entity::TEXT,
            typing: None,
            session: "{1}".into(),
            text: "x".into(),
        };
        let (from, to) = (contact(scene.deriks.me().as_url()), contact(maxb.as_url()));
        let good = DIALECT.message(&from, std::slice::from_ref(&to), &entity.write());
        let without = |element: &str| {
            let (begin, end) = (format!("<r:{element}>"), format!("</r:{element}>"));
            let (before, rest) = good.split_once(&begin).unwrap_or_default();
            let (_, after) = rest.split_once(&end).unwrap_or_default();
            format!("{before}{after}")
        };
        let many: Vec<Contact> = vec![to.clone(); 257];
        for body in [
            without("notification-from"),
            without("notification-to"),
            without("msgbody"),
            without("mime-data"),
            without("message"),
            good.replace("</r:notification>", "<r:message/></r:notification>"),
            good.replace(maxb.as_url(), "mailto:maxb@example.com"),
            DIALECT.message(&from, &[], &entity.write()),
            DIALECT.message(&from, &many, &entity.write()),
        ] {
            let ask = Ask::new("NOTIFY", &maxb).header("RVP-Hop-Count", 1).body(body);
            scene.refused_to_deriks(400, ask).await?;
        }
        // Changes are told by servers.
        let change = good
            .replace("r:message>", "r:propnotification>")
            .replace("<r:msgbody>", "<d:propertyupdate><d:set><d:prop><r:state><r:offline/></r:state></d:prop></d:set></d:propertyupdate><r:msgbody>");
        let ask = Ask::new("NOTIFY", &maxb).header("RVP-Hop-Count", 1).body(change);
        scene.refused_to_deriks(403, ask).await
    })
}

#[test]
fn a_body_beyond_the_bound_is_refused_however_it_comes() -> Result<(), Failure> {
    unmoved(async |scene| {
        let large = vec![b' '; 64 * 1024 + 1];
        for (method, lines) in [
            ("ACL", &[][..]),
            ("NOTIFY", &[]),
            ("PROPPATCH", &[]),
            ("PROPFIND", &["Depth: 0"]),
        ] {
            scene.refused(413, method, lines, &large).await?;
        }
        let head = "ACL /instmsg/aliases/maxb HTTP/1.1\r\nHost: im.example.com\r\n";
        // One that says how much is coming is refused before it comes.
        let announced = format!("{head}Content-Length: 1000000000\r\n\r\n");
        let answer = scene.raw(announced.as_bytes()).await?;
        ensure!(
            answer.status == 413,
            "{} to a thousand million octets",
            answer.status
        );
        let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        for _ in 0..20 {
            chunked.extend(b"1000\r\n");
            chunked.extend([b' '; 0x1000]);
            chunked.extend(b"\r\n");
        }
        let answer = scene.raw(&chunked).await?;
        ensure!(
            answer.status == 413,
            "{} to a body in chunks without an end",
            answer.status
        );
        Ok(())
    })
}

/// The largest body that is taken: a text that fills it to the last octet.
#[test]
fn a_message_as_large_as_allowed_passes() -> Result<(), Failure> {
    unmoved(async |scene| {
        let maxb = scene.maxb.me().clone();
        let room = 64 * 1024
            - scene
                .deriks
                .notify(&maxb, &tests::client::Message::text(""))
                .body
                .len();
        let text = "x".repeat(room);
        let ask = scene.deriks.notify(&maxb, &tests::client::Message::text(&text));
        ensure!(ask.body.len() == 64 * 1024, "{} octets", ask.body.len());
        ensure!(
            scene.deriks.ask(&ask).await?.status == 200,
            "the largest message does not pass"
        );
        let heard = scene.maxb.listener.next("the largest message", |_| true).await?;
        ensure!(heard.document == ask.body, "the largest message was changed");
        let ask = scene
            .deriks
            .notify(&maxb, &tests::client::Message::text(&format!("{text}x")));
        scene.refused_to_deriks(413, ask).await
    })
}
