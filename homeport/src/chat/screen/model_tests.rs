//! Keys pressed and frames heard, by a session that is logged on, and what is shown and said.

use super::*;
use crate::chat::session::Action;
use crate::chat::session::tests::logged_on;
use attachment::{ClientFrame, Contact, ContactsAction, ContactsChange, Receipt, ServerFrame};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const BOB: &str = "bob@im.example.com";
const CAROL: &str = "carol@im.example.com";

/// A screen without a terminal.
struct Seat {
    model: Model,
    session: Session,
    now: Duration,
    sent: Vec<ClientFrame>,
}

impl Seat {
    /// Logged on, with bob as the only contact.
    fn new() -> Self {
        let mut seat = Self {
            model: Model::new("alice@im.example.com"),
            session: logged_on(),
            now: Duration::ZERO,
            sent: Vec::new(),
        };
        seat.work();
        let request = seat.asked(|frame| matches!(frame, ClientFrame::Contacts { .. }));
        let list = vec![Contact {
            who: BOB.to_owned(),
            name: "Bob".to_owned(),
            group: String::new(),
        }];
        let change = ContactsChange::List(list);
        seat.hear(ServerFrame::Contacts {
            request: Some(request),
            change,
        });
        seat.hear(ServerFrame::Done { request });
        seat.sent.clear();
        seat
    }

    fn work(&mut self) {
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Show(event) => self.model.show(&mut self.session, self.now, event),
                Action::Send(text) => self.sent.push(ClientFrame::read(&text).unwrap()),
                Action::Connect | Action::Close => {}
            }
        }
    }

    fn hear(&mut self, frame: ServerFrame) {
        self.session.frame(self.now, &frame.write());
        self.work();
    }

    fn asked(&self, is: impl Fn(&ClientFrame) -> bool) -> u32 {
        let frame = self.sent.iter().find(|frame| is(frame));
        frame
            .and_then(ClientFrame::request)
            .unwrap_or_else(|| panic!("{:#?}", self.sent))
    }

    fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        let key = KeyEvent::new(code, modifiers);
        self.model.key(&mut self.session, self.now, key);
        self.work();
    }

    fn key(&mut self, code: KeyCode) {
        self.press(code, KeyModifiers::NONE);
    }

    fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.key(KeyCode::Char(c)));
    }

    fn told(&mut self, sequence: u64, from: &str, text: &str) {
        self.hear(ServerFrame::Message(Received {
            sequence,
            id: sequence.to_string(),
            from: from.to_owned(),
            text: text.to_owned(),
            ..Received::default()
        }));
    }

    fn unread(&self) -> Vec<(&str, usize)> {
        let all = self.model.people.all().iter();
        all.map(|person| (person.who.as_str(), person.unread)).collect()
    }
}

#[test]
fn contacts_are_watched_and_written_to() {
    let mut seat = Seat::new();
    assert_eq!(seat.unread(), [(BOB, 0)]);
    seat.write("Grüße");
    let typing = |frame: &&ClientFrame| matches!(frame, ClientFrame::Typing { .. });
    assert_eq!(seat.sent.iter().filter(typing).count(), 1, "not for each key");
    seat.press(KeyCode::Enter, KeyModifiers::ALT);
    seat.write("你好");
    seat.key(KeyCode::Enter);
    let Some(ClientFrame::Message(message)) = seat.sent.last().cloned() else {
        panic!("{:#?}", seat.sent);
    };
    assert_eq!((message.to.as_str(), message.text.as_str()), (BOB, "Grüße\n你好"));
    let fate = |seat: &Seat| match &seat.model.people.all()[0].talk[0].by {
        By::Me(_, fate) => *fate,
        By::Them | By::Nobody => panic!("it is mine"),
    };
    assert_eq!(fate(&seat), Fate::OnItsWay);
    let (request, id) = (message.request, message.id);
    let why = Why::KeptFull;
    let result = Receipt::Refused {
        why,
        retry_after: None,
    };
    seat.hear(ServerFrame::Receipt { request, id, result });
    assert_eq!(fate(&seat), Fate::Refused(why));
    seat.key(KeyCode::Enter);
    assert_eq!(seat.model.people.all()[0].talk.len(), 1, "nothing is not sent");
}

#[test]
fn a_message_of_somebody_else_is_unread_until_they_are_chosen() {
    let mut seat = Seat::new();
    seat.told(1, BOB, "hello");
    seat.told(2, CAROL, "hi");
    seat.told(3, CAROL, "there?");
    assert_eq!(seat.unread(), [(BOB, 0), (CAROL, 2)]);
    seat.asked(|frame| matches!(frame, ClientFrame::Watch { who, .. } if who == CAROL));
    seat.write("half");
    seat.key(KeyCode::Tab);
    assert_eq!(seat.unread(), [(BOB, 0), (CAROL, 0)]);
    seat.key(KeyCode::Up);
    assert_eq!(
        seat.model.people.chosen().unwrap().draft.text(),
        "half",
        "a draft stays with whom it is for"
    );
}

#[test]
fn the_state_is_chosen_and_shown_once_it_is_so() {
    let mut seat = Seat::new();
    seat.key(KeyCode::F(2));
    for _ in 0..20 {
        seat.key(KeyCode::Down);
    }
    seat.key(KeyCode::Enter);
    assert_eq!(seat.model.state, State::Online);
    // The one that the session began with is answered first.
    for state in [State::Online, State::Invisible] {
        let request = seat.session_state_request(state);
        seat.hear(ServerFrame::Done { request });
    }
    assert_eq!(seat.model.state, State::Invisible);
}

impl Seat {
    fn session_state_request(&self, wanted: State) -> u32 {
        let is = |frame: &ClientFrame| matches!(frame, ClientFrame::State { state, .. } if *state == wanted);
        // The first was sent with the log-on, before contacts and blocked were asked.
        self.sent
            .iter()
            .find(|frame| is(frame))
            .and_then(ClientFrame::request)
            .unwrap_or(2)
    }
}

#[test]
fn somebody_is_found_or_added_and_taken_out_again() {
    let mut seat = Seat::new();
    seat.key(KeyCode::F(3));
    seat.write("nobody");
    seat.key(KeyCode::Enter);
    assert!(matches!(seat.model.overlay, Overlay::Find(_)) && seat.model.note.is_some());
    seat.press(KeyCode::Char('u'), KeyModifiers::CONTROL);
    seat.write("Carol@im.example.com");
    seat.key(KeyCode::Enter);
    assert_eq!(seat.model.people.chosen().unwrap().who, CAROL);
    seat.asked(|frame| matches!(frame, ClientFrame::Watch { who, .. } if who == CAROL));
    seat.asked(|frame| {
        matches!(frame, ClientFrame::Contacts { action: ContactsAction::Put(contact), .. } if contact.who == CAROL)
    });
    seat.key(KeyCode::F(3));
    seat.write("BO");
    seat.key(KeyCode::Enter);
    assert_eq!(seat.model.people.chosen().unwrap().who, BOB);
    seat.key(KeyCode::F(8));
    assert_eq!(seat.unread(), [(CAROL, 0)]);
    seat.asked(|frame| matches!(frame, ClientFrame::Contacts { action: ContactsAction::Remove(who), .. } if who == BOB));
    seat.asked(|frame| matches!(frame, ClientFrame::Unwatch { who, .. } if who == BOB));
}

#[test]
fn a_block_is_shown_once_it_is_so_and_taken_back() {
    let mut seat = Seat::new();
    seat.key(KeyCode::F(4));
    assert!(!seat.model.people.all()[0].is_blocked);
    let request = seat.asked(|frame| matches!(frame, ClientFrame::Block { who, .. } if who == BOB));
    seat.hear(ServerFrame::Done { request });
    assert_eq!(seat.model.people.all()[0].presence(), "blocked");
    seat.key(KeyCode::F(4));
    let request = seat.asked(|frame| matches!(frame, ClientFrame::Unblock { .. }));
    let (why, retry_after) = (Why::Unavailable, None);
    seat.hear(ServerFrame::Refused {
        request,
        why,
        retry_after,
    });
    assert!(seat.model.people.all()[0].is_blocked);
    assert!(seat.model.note.as_ref().unwrap().contains(why.reason()));
}

#[test]
fn without_a_kept_list_contacts_are_those_of_this_run() {
    let mut seat = Seat::new();
    seat.model.show(
        &mut seat.session,
        seat.now,
        Event::Refused {
            ask: Ask::Contacts,
            why: Why::NotSupported,
        },
    );
    seat.key(KeyCode::F(3));
    seat.write(CAROL);
    seat.key(KeyCode::Enter);
    assert_eq!(seat.unread(), [(BOB, 0), (CAROL, 0)]);
    let asked = |frame: &ClientFrame| matches!(frame, ClientFrame::Contacts { .. });
    assert!(!seat.sent.iter().any(asked));
}

#[test]
fn who_leaves_waits_for_receipts_and_twice_does_not() {
    let mut seat = Seat::new();
    seat.write("bye");
    seat.key(KeyCode::Enter);
    seat.key(KeyCode::F(10));
    let logs_off = |seat: &Seat| {
        seat.sent
            .iter()
            .any(|frame| matches!(frame, ClientFrame::LogOff { .. }))
    };
    assert!(!logs_off(&seat) && seat.model.leaving);
    seat.press(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(logs_off(&seat));
}

fn keys() -> impl Strategy<Value = Vec<(KeyCode, KeyModifiers)>> {
    let code = prop_oneof![
        4 => "[a-z@.你👋é\u{301}🏽\u{1b}]".prop_map(|text| KeyCode::Char(text.chars().next().unwrap())),
        2 => (1..=10_u8).prop_map(KeyCode::F),
        2 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right,
            KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Backspace, KeyCode::Delete,
        ]),
    ];
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    prop::collection::vec((code, modifiers), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is pressed, the screen can be drawn in any size, and what is sent is what may be sent.
    #[test]
    fn any_keys_can_be_pressed(keys in keys(), columns in 1..120_u16, rows in 1..50_u16) {
        let mut seat = Seat::new();
        seat.told(1, BOB, "hello 你好");
        seat.told(2, CAROL, "hi");
        for (code, modifiers) in keys {
            seat.press(code, modifiers);
        }
        for frame in &seat.sent {
            prop_assert_eq!(frame.check(), Ok(()));
        }
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let look = crate::chat::screen::draw::Look::new(true);
        terminal.draw(|frame| crate::chat::screen::draw::draw(frame, &seat.model, look)).unwrap();
    }
}
