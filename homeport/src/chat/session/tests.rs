//! A session is told what a router says and what time it is; what it does is looked at.

mod any;
mod connection;
mod messages;
mod watch_many;

use super::*;
use attachment::{Kind, Message, Proof, Receipt, Received, ServerFrame, Welcome, Why};

const ALICE: &str = "alice@im.example.com";
const BOB: &str = "bob@im.example.com";
const CAROL: &str = "carol@im.example.com";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn alice() -> Person {
    Person {
        address: ALICE.to_owned(),
        password: "pencil".to_owned(),
        state: State::Online,
    }
}

fn welcome(request: u32, session: &str, resumed: bool) -> Welcome {
    Welcome {
        request,
        address: ALICE.to_owned(),
        session: session.to_owned(),
        resumed,
        token: "token".to_owned(),
        lifetime: 3600,
        heartbeat: 20,
        resume_within: 60,
        requests_max: 32,
        watch_many_max: None,
        scram: None,
    }
}

/// alice's session, logged on by a token of an earlier one.
pub(crate) fn logged_on() -> Session {
    let mut session = Session::new(alice(), [1; 32], Duration::ZERO);
    session.tick(Duration::ZERO);
    session.token = Some(Token {
        text: "token".to_owned(),
        until: seconds(3600),
    });
    session.connected(Duration::ZERO);
    while session.next_action().is_some() {}
    let frame = ServerFrame::Welcome(welcome(1, "s1", false));
    session.frame(Duration::ZERO, &frame.write());
    session
}

/// A session, and what it did since that was last looked at.
struct Client {
    session: Session,
    now: Duration,
    sent: Vec<ClientFrame>,
    shown: Vec<Event>,
    connects: u32,
}

impl Client {
    fn new() -> Self {
        let mut client = Self {
            session: Session::new(alice(), [1; 32], Duration::ZERO),
            now: Duration::ZERO,
            sent: Vec::new(),
            shown: Vec::new(),
            connects: 0,
        };
        client.pass(Duration::ZERO);
        client
    }

    /// One that is logged on, with its first frames looked at.
    fn ready() -> Self {
        let mut client = Self {
            session: logged_on(),
            now: Duration::ZERO,
            sent: Vec::new(),
            shown: Vec::new(),
            connects: 0,
        };
        client.look();
        client.answer_state();
        client.sent.clear();
        client.shown.clear();
        client
    }

    fn look(&mut self) {
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Connect => self.connects += 1,
                Action::Send(text) => {
                    let frame = ClientFrame::read(&text).unwrap();
                    frame.check().unwrap();
                    self.sent.push(frame);
                }
                Action::Close => {}
                Action::Show(event) => self.shown.push(event),
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.session.tick(self.now);
        self.look();
    }

    /// Until the session itself wants to do something.
    fn pass_to_next(&mut self) {
        let next = self.session.next_tick().unwrap();
        self.pass(next.saturating_sub(self.now));
    }

    fn hear(&mut self, frame: &ServerFrame) {
        self.session.frame(self.now, &frame.write());
        self.look();
    }

    fn lose(&mut self, code: Option<u16>) {
        let ended = Ended {
            code,
            ..Ended::because("it was lost")
        };
        self.session.ended(self.now, ended);
        self.look();
    }

    fn reconnect(&mut self) {
        let before = self.connects;
        self.pass_to_next();
        assert_eq!(self.connects, before + 1);
        self.session.connected(self.now);
        self.look();
    }

    fn last_request(&self) -> u32 {
        self.sent.iter().rev().find_map(ClientFrame::request).unwrap()
    }

    fn welcome(&mut self, session: &str, resumed: bool) {
        // Whichever request it answers: the session has one open.
        let request = *self.session.open.keys().next().unwrap();
        self.hear(&ServerFrame::Welcome(welcome(request, session, resumed)));
    }

    fn answer_state(&mut self) {
        let state = self
            .sent
            .iter()
            .find(|frame| matches!(frame, ClientFrame::State { .. }));
        let request = state.and_then(ClientFrame::request).unwrap();
        self.hear(&ServerFrame::Done { request });
    }

    fn messages(&self) -> Vec<Message> {
        let sent = self.sent.iter().filter_map(|frame| {
            if let ClientFrame::Message(message) = frame {
                Some(message.clone())
            } else {
                None
            }
        });
        sent.collect()
    }

    fn send(&mut self, to: &str, text: &str) -> String {
        let id = self.session.send(self.now, to, text).unwrap();
        self.look();
        id
    }

    fn receipt(&mut self, message: &Message, result: Receipt) {
        self.hear(&ServerFrame::Receipt {
            request: message.request,
            id: message.id.clone(),
            result,
        });
    }

    fn ask(&mut self, ask: Ask) {
        self.session.ask(self.now, ask).unwrap();
        self.look();
    }
}

fn message(sequence: u64, id: &str, text: &str) -> ServerFrame {
    ServerFrame::Message(Received {
        sequence,
        id: id.to_owned(),
        from: BOB.to_owned(),
        text: text.to_owned(),
        conversation: Some("{C}".to_owned()),
        ..Received::default()
    })
}

fn texts(shown: &[Event]) -> Vec<&str> {
    let texts = shown.iter().filter_map(|event| {
        if let Event::Message(message) = event {
            Some(message.text.as_str())
        } else {
            None
        }
    });
    texts.collect()
}

fn acknowledged(sent: &[ClientFrame]) -> Vec<u64> {
    let sequences = sent.iter().filter_map(|frame| {
        if let ClientFrame::Acknowledge { sequence, .. } = frame {
            Some(*sequence)
        } else {
            None
        }
    });
    sequences.collect()
}
