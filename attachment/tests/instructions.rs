//! What frames cost in instructions: see `tests/instructions/callgrind.rs`.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::print_stdout, reason = "who changes a bound wants to see the counts")]

#[path = "../../tests/instructions/callgrind.rs"]
mod callgrind;

use attachment::{ClientFrame, Received, ServerFrame};
use std::hint::black_box;

const ASKED: &str = r#"{"type":"message","request":7,"id":"0190c2a4-77d1","to":"bob@im.example.com","text":"Are you there?"}"#;

#[inline(never)]
fn read_message_frame(text: &str) -> ClientFrame {
    let frame = ClientFrame::read(text).unwrap();
    frame.check().unwrap();
    frame
}

#[inline(never)]
fn write_message_frame(frame: &ServerFrame) -> String {
    frame.write()
}

#[test]
fn each_is_done() {
    let told = ServerFrame::Message(Received {
        sequence: 7,
        id: "0190c2a4-77d1".to_owned(),
        from: "alice@im.example.com".to_owned(),
        text: "Are you there?".to_owned(),
        ..Received::default()
    });
    for _ in 0..10 {
        black_box(read_message_frame(black_box(ASKED)));
        let written = write_message_frame(black_box(&told));
        assert_eq!(ServerFrame::read(&written).unwrap(), told);
    }
}

#[test]
fn the_frames_of_a_message_take_few_instructions() {
    let expected = [
        ("read_message_frame", 44_000, 5_450),
        ("write_message_frame", 44_000, 1_960),
    ];
    callgrind::count("each_is_done").expect(&expected);
}
