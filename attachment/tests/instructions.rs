//! What frames cost in instructions: see `tests/instructions/callgrind.rs`.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::print_stdout, reason = "who changes a bound wants to see the counts")]

#[path = "../../tests/instructions/callgrind.rs"]
mod callgrind;

use attachment::{ClientFrame, Presence, Receipt, Received, ServerFrame, State, Watch, WatchResult, Watched};
use std::hint::black_box;

const ASKED: &str = r#"{"type":"message","request":7,"id":"0190c2a4-77d1","to":"bob@im.example.com","text":"Are you there?"}"#;
const ACKNOWLEDGED: &str = r#"{"type":"acknowledge","sequence":7}"#;
const SET: &str = r#"{"type":"state","request":3,"state":"online"}"#;

/// Functions that are counted, each by its name. They mention it: the compiler makes one of those that do the same.
macro_rules! counted {
    ($read:ident: $($name:ident),*; $write:ident: $($other:ident),* $(,)?) => {
        $(#[inline(never)]
        fn $name(text: &str) -> ClientFrame {
            black_box(stringify!($name));
            $read(text)
        })*
        $(#[inline(never)]
        fn $other(frame: &ServerFrame) -> String {
            black_box(stringify!($other));
            $write(frame)
        })*
    };
}

counted!(
    read: read_message_frame, read_acknowledgement, read_state, read_ten_to_watch;
    write: write_message_frame, write_receipt, write_ten_watched,
);

#[inline(always)]
fn read(text: &str) -> ClientFrame {
    let frame = ClientFrame::read(text).unwrap();
    frame.check().unwrap();
    frame
}

#[inline(always)]
fn write(frame: &ServerFrame) -> String {
    frame.write()
}

fn to_watch() -> ClientFrame {
    let people = (0..10).map(|person| Watch {
        who: format!("person{person}@im.example.com"),
        subscription: None,
    });
    ClientFrame::WatchMany {
        request: 4,
        people: people.collect(),
    }
}

fn watched() -> ServerFrame {
    let people = (0..10).map(|index| {
        let presence = Presence {
            who: format!("person{index}@im.example.com"),
            state: Some(State::Online),
            display_name: Some(format!("Person {index}")),
            email: Some(format!("person{index}@example.com")),
        };
        let subscription = 40_000 + index;
        let result = WatchResult::Watching {
            subscription,
            presence,
        };
        Watched { index, result }
    });
    ServerFrame::WatchingMany {
        request: 4,
        people: people.collect(),
    }
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
    let receipt = ServerFrame::Receipt {
        request: 7,
        id: "0190c2a4-77d1".to_owned(),
        result: Receipt::Delivered,
    };
    let (to_watch, watched) = (to_watch(), watched());
    let asked_to_watch = to_watch.write();
    for _ in 0..10 {
        black_box(read_message_frame(black_box(ASKED)));
        black_box(read_acknowledgement(black_box(ACKNOWLEDGED)));
        black_box(read_state(black_box(SET)));
        assert_eq!(read_ten_to_watch(black_box(&asked_to_watch)), to_watch);
        let written = write_message_frame(black_box(&told));
        assert_eq!(ServerFrame::read(&written).unwrap(), told);
        let written = write_receipt(black_box(&receipt));
        assert_eq!(ServerFrame::read(&written).unwrap(), receipt);
        let written = write_ten_watched(black_box(&watched));
        assert_eq!(ServerFrame::read(&written).unwrap(), watched);
    }
}

#[test]
fn the_frames_of_a_message_take_few_instructions() {
    let expected = [
        ("read_message_frame", 25_700, 3_250),
        ("read_acknowledgement", 7_800, 1_110),
        ("read_state", 15_000, 2_780),
        ("read_ten_to_watch", 66_000, 10_000),
        ("write_message_frame", 44_000, 1_960),
        ("write_receipt", 30_300, 1_460),
        ("write_ten_watched", 660_000, 28_000),
    ];
    callgrind::count("each_is_done").expect(&expected);
}
