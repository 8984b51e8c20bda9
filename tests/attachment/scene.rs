//! Alice, whose client holds a connection open, and maxb, whose client listens; each on a home server of their own.

use anyhow::{Context, bail, ensure};
use attachment::{Receipt, Received, State, Why};
use rvp::{PresenceState, Principal, Property};
use tests::client::{Message, NamedView, SetState};
use tests::listener::{Heard, Said};
use tests::wire::Answer;
use tests::{Attached, Client, Failure, Plan, Proof, Stage, Style};

pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) alice: Attached,
    pub(crate) maxb: Client,
    /// When it began.
    pub(crate) begun: std::time::SystemTime,
}

/// Plays with both of them, and takes the stage down.
pub(crate) fn play(play: impl AsyncFnOnce(&mut Scene) -> anyhow::Result<()>) -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::new().await?;
        play(&mut scene).await?;
        scene.stage.close().await
    })
}

impl Scene {
    /// Two home servers, two routers; both are online and watch each other.
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let mut stage = Stage::start(Plan::with_homes(2).with_routers(2)).await?;
        let alice = person(&mut stage, "alice", "home-1").await?;
        let maxb = person(&mut stage, "maxb", "home-2").await?;
        let alice = Attached::log_on(&stage, &alice, "r-1").await?;
        let mut maxb = Client::new(&stage, &maxb, (Style::Librvp, Proof::Digest), "r-2")?;
        expect(200, &maxb.log_on(14_400).await?)?;
        set(&mut maxb, "online").await?;
        let begun = stage.now();
        let mut scene = Self {
            stage,
            alice,
            maxb,
            begun,
        };
        let (maxb, alice) = (scene.maxb.me().clone(), scene.alice.me().clone());
        let (_, state) = scene.alice.watch(&maxb, None).await?;
        ensure!(state == State::Online, "{state:?}");
        let watched = scene.maxb.watch(&alice, 14_400).await?;
        ensure!(watched.state()? == PresenceState::Online, "what the watch tells");
        Ok(scene)
    }

    /// Somebody with an attached client on the home server and at the router of maxb.
    pub(crate) async fn joined_by(&mut self, name: &str) -> anyhow::Result<Attached> {
        let person = person(&mut self.stage, name, "home-2").await?;
        Attached::log_on(&self.stage, &person, "r-2").await
    }

    /// Maxb writes to alice; what it is answered.
    pub(crate) async fn maxb_writes(&mut self, text: &str) -> anyhow::Result<u16> {
        let ask = self.maxb.notify(self.alice.me(), &Message::text(text));
        Ok(self.maxb.ask(&ask).await?.status)
    }

    /// Maxb writes to alice, whose client hears it next.
    pub(crate) async fn reaches_alice(&mut self, text: &str) -> anyhow::Result<Received> {
        let Self { alice, maxb, .. } = self;
        let (me, ask) = (maxb.me().clone(), maxb.notify(alice.me(), &Message::text(text)));
        let (answer, received) = tokio::join!(maxb.ask(&ask), alice.hears(&me, text));
        let (answer, received) = (answer?, received?);
        expect(200, &answer)?;
        Ok(received)
    }

    /// The next that maxb hears is alice in this state.
    pub(crate) async fn maxb_sees(&self, state: PresenceState) -> anyhow::Result<()> {
        let heard = self.maxb.listener.next("a change of alice", |_| true).await?;
        ensure!(heard.is_change_of(self.alice.me()), "it heard {heard}");
        let Said::Change(change) = &heard.said else {
            bail!("{heard}");
        };
        let right = change.properties.contains(&Property::State(state));
        ensure!(right, "{heard} instead of {state:?}");
        Ok(())
    }
}

pub(crate) async fn person(stage: &mut Stage, name: &str, home: &str) -> anyhow::Result<Principal> {
    let person = stage.principal(name, Some(home))?;
    stage.add_person(&person, name).await?;
    Ok(person)
}

pub(crate) async fn set(client: &mut Client, state: &str) -> anyhow::Result<()> {
    let set = SetState {
        state,
        lease: Some(3_600),
        view: NamedView::Usual,
    };
    expect(207, &client.set_state(set).await?)
}

pub(crate) fn expect(status: u16, answer: &Answer) -> anyhow::Result<()> {
    ensure!(answer.status == status, "{} instead of {status}", answer.status);
    Ok(())
}

/// Why a message was refused, if it was.
pub(crate) fn refused(receipt: &Receipt) -> Option<Why> {
    match receipt {
        Receipt::Refused { why, .. } => Some(*why),
        Receipt::Delivered | Receipt::Stored => None,
    }
}

/// The text of a message that a listening client heard next.
pub(crate) async fn text_heard(client: &Client) -> anyhow::Result<(Heard, rvp::Mime)> {
    let heard = client.listener.next("a message", |_| true).await?;
    let mime = match &heard.said {
        Said::Message(_, mime) => Some(mime.clone()),
        Said::Change(_) => None,
    };
    let mime = mime.with_context(|| format!("it heard {heard}"))?;
    Ok((heard, mime))
}
