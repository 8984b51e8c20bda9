//! Two people on two home servers, logged on, each watching the other.

use anyhow::ensure;
use tests::client::{Message, NamedView, SetState};
use tests::listener::{Heard, Said};
use tests::{Answer, Client, Plan, Proof, Stage, Style};

/// The scene.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) maxb: Client,
    pub(crate) deriks: Client,
}

impl Scene {
    /// Sets it on so many home servers; maxb lives on the first, deriks on the last.
    pub(crate) async fn on(homes: usize) -> anyhow::Result<Self> {
        let mut stage = Stage::start(Plan::with_homes(homes)).await?;
        let maxb = client(&mut stage, "maxb", "home-1").await?;
        let deriks = client(&mut stage, "deriks", &format!("home-{homes}")).await?;
        let mut scene = Self { stage, maxb, deriks };
        // Here processes end all the time.
        scene.maxb.listener.allow_repeats();
        scene.deriks.listener.allow_repeats();
        expect(200, &scene.maxb.log_on(14_400).await?)?;
        expect(200, &scene.deriks.log_on(14_400).await?)?;
        scene.set("online").await?;
        let maxb = scene.maxb.me().clone();
        expect(207, &scene.deriks.watch(&maxb, 14_400).await?)?;
        Ok(scene)
    }

    /// Sets maxb's state.
    pub(crate) async fn set(&mut self, state: &str) -> anyhow::Result<()> {
        let set = SetState {
            state,
            lease: Some(3_600),
            view: NamedView::Usual,
        };
        expect(207, &self.maxb.set_state(set).await?)
    }

    /// A message passes each way, and a change reaches the watcher: the next things that anybody hears.
    pub(crate) async fn works(&mut self, state: &str) -> anyhow::Result<()> {
        let (maxb, deriks) = (self.maxb.me().clone(), self.deriks.me().clone());
        let ask = self.maxb.notify(&deriks, &Message::text("there?"));
        expect(200, &self.maxb.ask(&ask).await?)?;
        let ask = self.deriks.notify(&maxb, &Message::text("here"));
        expect(200, &self.deriks.ask(&ask).await?)?;
        self.set(state).await?;
        hears(&self.deriks, "there?").await?;
        hears(&self.maxb, "here").await?;
        let heard = self.deriks.listener.next("the change", |_| true).await?;
        ensure!(heard.is_change_of(&maxb), "it heard {heard}");
        Ok(())
    }
}

/// A client that is not logged on, of a person who lives there.
pub(crate) async fn client(stage: &mut Stage, name: &str, home: &str) -> anyhow::Result<Client> {
    let me = stage.principal(name, Some(home))?;
    stage.add_person(&me, name).await?;
    Client::new(stage, &me, (Style::Librvp, Proof::Digest), "r-1")
}

/// The status is this one.
pub(crate) fn expect(status: u16, answer: &Answer) -> anyhow::Result<()> {
    ensure!(
        answer.status == status,
        "{} instead of {status}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    Ok(())
}

/// The next thing heard is this message.
pub(crate) async fn hears(client: &Client, text: &str) -> anyhow::Result<()> {
    let heard = client.listener.next(text, |_| true).await?;
    ensure!(text_of(&heard) == Some(text), "it heard {heard}");
    Ok(())
}

/// The text of a message.
pub(crate) fn text_of(heard: &Heard) -> Option<&str> {
    match &heard.said {
        Said::Message(_, mime) => Some(&mime.text),
        Said::Change(_) => None,
    }
}
