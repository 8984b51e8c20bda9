//! A client that holds a connection open (`docs/attachment.md`): what it says, what it hears, and what it knows again.

mod client;
mod socket;

pub use client::AttachedClient;
pub use socket::{Came, NoWelcome, Socket};

use crate::accounts::PASSWORD;
use crate::cluster::Cluster;
use anyhow::{Context, bail, ensure};
use attachment::{
    ClientFrame, CloseCode, Kind, Message, Proof, Receipt, Received, ServerFrame, State, Welcome,
};
use rvp::Principal;
use std::collections::VecDeque;

/// A client that is logged on.
pub struct Attached {
    /// None once it was lost.
    socket: Option<Socket>,
    me: Principal,
    /// What it was told when it logged on.
    pub welcome: Welcome,
    /// The newest token.
    pub token: String,
    /// The sequence of the last message it has.
    pub last: u64,
    requests: u32,
    /// Heard and not asked for yet.
    heard: VecDeque<ServerFrame>,
    /// Messages it has: sender and id.
    known: Vec<(String, String)>,
    /// Whether it acknowledges what it gets.
    pub acknowledges: bool,
}

impl Attached {
    /// A client of a person at a router, logged on with the password and online.
    ///
    /// # Errors
    /// When it cannot log on.
    pub async fn log_on(cluster: &dyn Cluster, me: &Principal, router: &str) -> anyhow::Result<Self> {
        let mut client = Self::log_on_unseen(cluster, me, router).await?;
        client.set(State::Online).await?;
        Ok(client)
    }

    /// The same before it has said that the person is there.
    ///
    /// # Errors
    /// When it cannot log on.
    pub async fn log_on_unseen(cluster: &dyn Cluster, me: &Principal, router: &str) -> anyhow::Result<Self> {
        let mut socket = Socket::open(cluster.door(router)?).await?;
        let welcome = socket.with_password(&me.address(), PASSWORD).await?;
        ensure!(welcome.address == me.address() && !welcome.resumed, "{welcome:?}");
        Ok(Self {
            socket: Some(socket),
            me: me.clone(),
            token: welcome.token.clone(),
            welcome,
            last: 0,
            requests: 100,
            heard: VecDeque::new(),
            known: Vec::new(),
            acknowledges: true,
        })
    }

    /// Who it is.
    #[must_use]
    pub fn me(&self) -> &Principal {
        &self.me
    }

    /// What it shows to go on with its session.
    #[must_use]
    pub fn resumption(&self) -> Proof {
        Proof::Resume {
            token: self.token.clone(),
            session: self.welcome.session.clone(),
            last: self.last,
        }
    }

    /// Goes on with the session at a router, by another connection; the one of before is left as it is.
    ///
    /// # Errors
    /// When the session is over, or nobody is let in.
    pub async fn resume(&mut self, cluster: &dyn Cluster, router: &str) -> anyhow::Result<Option<Socket>> {
        let mut socket = Socket::open(cluster.door(router)?).await?;
        let welcome = socket.with(self.resumption()).await?;
        ensure!(welcome.resumed, "{welcome:?}");
        ensure!(welcome.session == self.welcome.session, "another session");
        self.token = welcome.token.clone();
        self.welcome = welcome;
        self.heard.clear();
        Ok(self.socket.replace(socket))
    }

    /// The bare connection.
    ///
    /// # Errors
    /// When it was lost.
    pub fn socket(&mut self) -> anyhow::Result<&mut Socket> {
        self.socket.as_mut().context("the connection was lost")
    }

    /// Loses the connection, without a word.
    pub fn lose(&mut self) {
        self.socket = None;
    }

    /// A number that no request has.
    pub fn number(&mut self) -> u32 {
        self.requests += 1;
        self.requests
    }

    /// Says something that nobody answers, or whose answer is waited for later.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn say(&mut self, frame: &ClientFrame) -> anyhow::Result<()> {
        self.socket()?.say(&frame.write()).await
    }

    /// Asks something and waits for what ends the answer.
    ///
    /// # Errors
    /// When none comes.
    pub async fn ask(&mut self, ask: impl FnOnce(u32) -> ClientFrame) -> anyhow::Result<ServerFrame> {
        let request = self.number();
        self.say(&ask(request)).await?;
        self.answer_to(request).await
    }

    /// The answer to a request that was said.
    ///
    /// # Errors
    /// When none comes.
    pub async fn answer_to(&mut self, request: u32) -> anyhow::Result<ServerFrame> {
        let what = format!("the answer to {request}");
        self.next(what, |frame| {
            frame.request() == Some(request) && frame.ends_request()
        })
        .await
    }

    /// Asks something that is to be done.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn does(&mut self, ask: impl FnOnce(u32) -> ClientFrame) -> anyhow::Result<()> {
        let answer = self.ask(ask).await?;
        ensure!(matches!(answer, ServerFrame::Done { .. }), "{answer:?}");
        Ok(())
    }

    /// Sets the state.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn set(&mut self, state: State) -> anyhow::Result<()> {
        self.does(|request| ClientFrame::State { request, state }).await
    }

    /// Watches somebody; says the subscription and the state of now.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn watch(
        &mut self,
        who: &Principal,
        subscription: Option<u32>,
    ) -> anyhow::Result<(u32, State)> {
        let who = who.address();
        let answer = self
            .ask(|request| ClientFrame::Watch {
                request,
                who: who.clone(),
                subscription,
            })
            .await?;
        let ServerFrame::Watching {
            subscription,
            presence,
            ..
        } = answer
        else {
            bail!("{answer:?}");
        };
        ensure!(presence.who == who, "{presence:?}");
        Ok((subscription, presence.state.context("no state")?))
    }

    /// The frame of a message with this id.
    #[must_use]
    pub fn text(to: &Principal, request: u32, (id, text): (&str, &str)) -> ClientFrame {
        ClientFrame::Message(Message {
            request,
            id: id.to_owned(),
            to: to.address(),
            text: text.to_owned(),
            ..Message::default()
        })
    }

    /// Sends a message with this id, and says what became of it.
    ///
    /// # Errors
    /// When there is no receipt.
    pub async fn send(&mut self, to: &Principal, id: &str, text: &str) -> anyhow::Result<Receipt> {
        let answer = self.ask(|request| Self::text(to, request, (id, text))).await?;
        let ServerFrame::Receipt { id: of, result, .. } = answer else {
            bail!("{answer:?}");
        };
        ensure!(of == id, "a receipt of {of}");
        Ok(result)
    }

    /// The next frame that is chosen; what comes before it is kept for others. Messages are acknowledged as they come,
    /// and those that it has are left out.
    ///
    /// # Errors
    /// When none comes.
    pub async fn next(
        &mut self,
        what: impl std::fmt::Display,
        chosen: impl Fn(&ServerFrame) -> bool,
    ) -> anyhow::Result<ServerFrame> {
        if let Some(place) = self.heard.iter().position(&chosen) {
            return self.heard.remove(place).context("it was there");
        }
        loop {
            let frame = match self
                .socket()?
                .hear()
                .await
                .with_context(|| format!("waiting for {what}"))?
            {
                Came::Frame(frame) => frame,
                Came::End(code) => bail!("closed with {code:?} while waiting for {what}"),
            };
            if let ServerFrame::Token { token, .. } = &frame {
                self.token.clone_from(token);
            }
            if let ServerFrame::Message(received) = &frame
                && !self.takes(received).await?
            {
                continue;
            }
            if chosen(&frame) {
                return Ok(frame);
            }
            self.heard.push_back(frame);
        }
    }

    /// Whether a message is new.
    async fn takes(&mut self, received: &Received) -> anyhow::Result<bool> {
        if !self.acknowledges {
            return Ok(true);
        }
        ensure!(
            received.sequence == self.last + 1,
            "{received:?} after {}",
            self.last
        );
        self.last = received.sequence;
        let acknowledge = ClientFrame::Acknowledge {
            sequence: received.sequence,
            left: false,
        };
        self.say(&acknowledge).await?;
        let key = (received.from.clone(), received.id.clone());
        let new = received.id.is_empty() || !self.known.contains(&key);
        self.known.push(key);
        Ok(new)
    }

    /// The next message.
    ///
    /// # Errors
    /// When none comes.
    pub async fn message(&mut self) -> anyhow::Result<Received> {
        let is_message = |frame: &ServerFrame| matches!(frame, ServerFrame::Message(_));
        let ServerFrame::Message(received) = self.next("a message", is_message).await? else {
            bail!("no message");
        };
        Ok(received)
    }

    /// The next message is this text of that person.
    ///
    /// # Errors
    /// When it is another one, or none comes.
    pub async fn hears(&mut self, from: &Principal, text: &str) -> anyhow::Result<Received> {
        let received = self.message().await?;
        let right = received.text == text && received.from == from.address() && received.kind == Kind::Text;
        ensure!(right, "it heard {received:?} instead of {text}");
        Ok(received)
    }

    /// The next thing told of somebody's presence is this state.
    ///
    /// # Errors
    /// When it is another one, or nothing comes.
    pub async fn sees(&mut self, who: &Principal, state: State) -> anyhow::Result<()> {
        let address = who.address();
        let of_them =
            |frame: &ServerFrame| matches!(frame, ServerFrame::Presence(presence) if presence.who == address);
        let told = self
            .next(format!("{who} to be {}", state.name()), of_them)
            .await?;
        let right = matches!(&told, ServerFrame::Presence(presence) if presence.state == Some(state));
        ensure!(right, "{told:?} instead of {state:?}");
        Ok(())
    }

    /// What was heard and not asked for: nothing of it is presence, and no message.
    ///
    /// # Errors
    /// With what it was.
    pub fn heard_nothing_else(&self) -> anyhow::Result<()> {
        let told = |frame: &&ServerFrame| matches!(frame, ServerFrame::Presence(_) | ServerFrame::Message(_));
        match self.heard.iter().find(told) {
            Some(frame) => bail!("it also heard {frame:?}"),
            None => Ok(()),
        }
    }

    /// Whether something was heard and not asked for that is chosen.
    #[must_use]
    pub fn has_heard(&self, chosen: impl Fn(&ServerFrame) -> bool) -> bool {
        self.heard.iter().any(chosen)
    }

    /// A sign of life is answered: everything that was written before has been heard.
    ///
    /// # Errors
    /// When it is not.
    pub async fn ping(&mut self) -> anyhow::Result<()> {
        self.say(&ClientFrame::Ping {}).await?;
        self.next("a pong", |frame| *frame == ServerFrame::Pong {})
            .await
            .map(drop)
    }

    /// Logs off.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn log_off(mut self) -> anyhow::Result<()> {
        self.does(|request| ClientFrame::LogOff { request }).await?;
        self.socket()?.ends(CloseCode::LoggedOff).await
    }
}
