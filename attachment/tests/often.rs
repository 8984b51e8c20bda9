//! Frames that come often are read in a way of their own. It makes no difference to what is a frame, and to what it
//! says: that is as serde reads a [`ClientFrame`], with its type anywhere.

use attachment::{ClientFrame, FrameError};

/// A frame, and whether it is one.
const FRAMES: [(&str, bool); 53] = [
    // The type stands first, last, between, or is missing; it is written otherwise; it comes twice.
    (r#"{"type":"acknowledge","sequence":7}"#, true),
    (r#"{"sequence":7,"type":"acknowledge"}"#, true),
    (r#"{"sequence":7,"type":"acknowledge","left":true}"#, true),
    (" {\n\"type\" : \"acknowledge\" ,\t\"sequence\" : 7 } ", true),
    (r#"{"\u0074ype":"acknowledge","sequence":7}"#, true),
    (r#"{"type":"\u0061cknowledge","sequence":7}"#, true),
    (r#"{"sequence":7}"#, false),
    (r#"{"sequence":"acknowledge","type":7}"#, false),
    (
        r#"{"type":"acknowledge","type":"acknowledge","sequence":7}"#,
        false,
    ),
    (
        r#"{"type":"acknowledge","sequence":7,"type":"acknowledge"}"#,
        false,
    ),
    (r#"{"type":"acknowledge","sequence":7,"type":7}"#, false),
    (r#"{"type":["acknowledge"],"sequence":7}"#, false),
    (r#"{"type":{"acknowledge":null},"sequence":7}"#, false),
    (r#"{"type":2,"sequence":7}"#, false),
    (r#"{"Type":"acknowledge","sequence":7}"#, false),
    // Lists stand for objects, whatever a client might mean by it.
    (r#"["acknowledge",7]"#, true),
    (r#"["acknowledge",7,true]"#, true),
    (r#"["message",7]"#, false),
    (
        r#"{"type":"watch_many","request":1,"people":[["bob@im",null]]}"#,
        true,
    ),
    (r#"{"type":"watch_many","request":1,"people":[["bob@im"]]}"#, true),
    // Fields are missing, come twice, or are not known.
    (r#"{"type":"acknowledge"}"#, false),
    (r#"{"type":"acknowledge","sequence":7,"sequence":7}"#, false),
    (
        r#"{"type":"acknowledge","sequence":7,"left":false,"left":true}"#,
        false,
    ),
    (r#"{"type":"acknowledge","sequence":7,"request":1}"#, false),
    (r#"{"type":"acknowledge","sequence":7,"":{}}"#, false),
    (
        r#"{"type":"watch_many","request":1,"people":[{"who":"bob@im","name":"Bob"}]}"#,
        false,
    ),
    (r#"{"type":"watch_many","people":[]}"#, false),
    (r#"{"type":"message","request":1,"id":"1","to":"b@im"}"#, true),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","type":"message"}"#,
        false,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","id":"1"}"#,
        false,
    ),
    (r#"{"type":"message","request":1,"id":"1"}"#, false),
    // Values are of another kind, or at the ends of what fits.
    (r#"{"type":"acknowledge","sequence":18446744073709551615}"#, true),
    (r#"{"type":"acknowledge","sequence":18446744073709551616}"#, false),
    (r#"{"type":"acknowledge","sequence":-0}"#, false),
    (r#"{"type":"acknowledge","sequence":7.0}"#, false),
    (r#"{"type":"acknowledge","sequence":"7"}"#, false),
    (r#"{"type":"acknowledge","sequence":7,"left":null}"#, false),
    (r#"{"type":"acknowledge","sequence":7,"left":1}"#, false),
    (r#"{"type":"watch_many","request":1,"people":null}"#, false),
    (
        r#"{"type":"watch_many","request":1,"people":[{"who":"bob@im","subscription":null}]}"#,
        true,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","text":null}"#,
        false,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","text":"\ud83c\udf75 \"\\\u0000"}"#,
        true,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","format":null,"conversation":null}"#,
        true,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","format":{"bold":true,"bold":true}}"#,
        false,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","kind":{"join":null}}"#,
        true,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","kind":{"join":{}}}"#,
        true,
    ),
    (
        r#"{"type":"message","request":1,"id":"1","to":"b@im","kind":{"wave":7}}"#,
        false,
    ),
    // They end too late, or too early.
    (r#"{"type":"acknowledge","sequence":7}{}"#, false),
    (r#"{"type":"acknowledge","sequence":7,}"#, false),
    (r#"{"type":"acknowledge","sequence":7"#, false),
    // Of types that are not known the fields must be JSON.
    (r#"{"type":"later","x":{"type":7,"type":7}}"#, true),
    (r#"{"type":"later","x":1e999}"#, false),
    (r#"{"type":"later","x":"\ud800"}"#, false),
];

#[test]
fn frames_are_those_that_serde_reads() {
    for (text, is_frame) in FRAMES {
        let frame = serde_json::from_str::<ClientFrame>(text).map_err(|_| FrameError::Malformed);
        assert_eq!(frame.is_ok(), is_frame, "{text}");
        assert_eq!(ClientFrame::read(text), frame, "{text}");
    }
}
