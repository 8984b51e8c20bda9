//! Where all of it happens: maxb is online, deriks watches, and what is known of both is compared before and after.

use anyhow::{Context, ensure};
use rvp::{Principal, SubscriptionKind};
use tests::client::{ALL_PROPERTIES, Message, NamedView, SetState};
use tests::listener::Said;
use tests::wait::within;
use tests::wire::rules::check_answer;
use tests::{Answer, Ask, Client, Connection, Failure, Plan, Proof, Stage, Style};

/// Two people on two home servers.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) maxb: Client,
    pub(crate) deriks: Client,
}

/// What the server knows of somebody, as it says itself.
type Known = Vec<String>;

/// Plays on a scene: afterwards everything that is known must be as before, nobody must have heard anything, and a
/// message must still pass.
pub(crate) fn unmoved(test: impl AsyncFnOnce(&mut Scene) -> anyhow::Result<()>) -> Result<(), Failure> {
    going_on(async |scene| {
        let before = scene.known().await?;
        test(scene).await?;
        let after = scene.known().await?;
        for (before, after) in before.iter().zip(&after) {
            ensure!(
                before == after,
                "something has changed, from\n{before}\nto\n{after}"
            );
        }
        Ok(())
    })
}

/// The same for tests in which time passes, so that what is known changes by itself.
pub(crate) fn going_on(test: impl AsyncFnOnce(&mut Scene) -> anyhow::Result<()>) -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::set().await?;
        test(&mut scene).await?;
        scene.goes_on().await?;
        scene.stage.close().await
    })
}

impl Scene {
    async fn set() -> anyhow::Result<Self> {
        let mut stage = Stage::start(Plan::with_homes(2)).await?;
        let maxb = person(&mut stage, "maxb", "home-1").await?;
        let deriks = person(&mut stage, "deriks", "home-2").await?;
        let mut scene = Self { stage, maxb, deriks };
        for client in [&mut scene.maxb, &mut scene.deriks] {
            ensure!(client.log_on(14_400).await?.status == 200, "it cannot log on");
        }
        let set = SetState {
            state: "busy",
            lease: Some(1_200),
            view: NamedView::Usual,
        };
        ensure!(
            scene.maxb.set_state(set).await?.status == 207,
            "it cannot set a state"
        );
        let maxb = scene.maxb.me().clone();
        ensure!(
            scene.deriks.watch(&maxb, 3_600).await?.status == 207,
            "it cannot watch"
        );
        Ok(scene)
    }

    async fn known(&mut self) -> anyhow::Result<Known> {
        let mut known = Vec::new();
        for client in [&mut self.maxb, &mut self.deriks] {
            let me = client.me().clone();
            let answers = [
                client.list(&me, SubscriptionKind::Login).await?,
                client.list(&me, SubscriptionKind::Property).await?,
                client.find(&me, &ALL_PROPERTIES).await?,
                client.read_access(&me).await?,
            ];
            for answer in answers {
                ensure!(
                    answer.succeeded(),
                    "what is known cannot be read: {}",
                    answer.status
                );
                known.push(String::from_utf8(answer.body.to_vec())?);
            }
        }
        Ok(known)
    }

    /// A message passes each way, and is the first thing that anybody hears.
    async fn goes_on(&mut self) -> anyhow::Result<()> {
        say(&mut self.deriks, &mut self.maxb).await?;
        say(&mut self.maxb, &mut self.deriks).await
    }

    /// Sends octets on a connection of their own, and reads the answer to them.
    pub(crate) async fn raw(&self, octets: &[u8]) -> anyhow::Result<Answer> {
        let exchange = async {
            let mut connection = Connection::open(self.stage.door("r-1")?).await?;
            connection.send(octets).await?;
            connection.read_answer().await
        };
        within("an answer", exchange).await?
    }

    /// Sends a request without credentials, given as its method and header lines, to maxb's node, and expects this
    /// status with headers as they should be.
    pub(crate) async fn refused(
        &self,
        status: u16,
        method: &str,
        lines: &[&str],
        body: &[u8],
    ) -> anyhow::Result<()> {
        let path = self.maxb.me().path();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: im.example.com\r\n");
        if !lines.iter().any(|line| line.starts_with("RVP-From-Principal")) {
            head += &format!("RVP-From-Principal: {}\r\n", self.deriks.me());
        }
        for line in lines {
            head += &format!("{line}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        let answer = self
            .raw(&[head.as_bytes(), body].concat())
            .await
            .with_context(|| head.clone())?;
        check_answer(method, &answer).with_context(|| format!("{head}\n{}", answer.head))?;
        let page = String::from_utf8_lossy(&answer.body);
        ensure!(
            answer.status == status,
            "{} instead of {status} ({page}) to\n{head}{}",
            answer.status,
            shown(body)
        );
        Ok(())
    }

    /// Sends a request as deriks, with proof, and expects this status.
    pub(crate) async fn refused_to_deriks(&mut self, status: u16, ask: Ask) -> anyhow::Result<()> {
        refused_to(&mut self.deriks, status, ask).await
    }

    /// Sends a request as maxb, with proof, and expects this status.
    pub(crate) async fn refused_to_maxb(&mut self, status: u16, ask: Ask) -> anyhow::Result<()> {
        refused_to(&mut self.maxb, status, ask).await
    }
}

async fn refused_to(client: &mut Client, status: u16, ask: Ask) -> anyhow::Result<()> {
    let answer = client.ask(&ask).await?;
    ensure!(
        answer.status == status,
        "{} instead of {status} to {ask:?}",
        answer.status
    );
    Ok(())
}

async fn person(stage: &mut Stage, name: &str, home: &str) -> anyhow::Result<Client> {
    let me: Principal = stage.principal(name, Some(home))?;
    stage.add_person(&me, name).await?;
    Client::new(stage, &me, (Style::Librvp, Proof::Digest), "r-1")
}

async fn say(from: &mut Client, to: &mut Client) -> anyhow::Result<()> {
    let ask = from.notify(to.me(), &Message::text("still there?"));
    ensure!(
        from.ask(&ask).await?.status == 200,
        "messages do not pass any more"
    );
    let heard = to.listener.next("the message", |_| true).await?;
    ensure!(
        matches!(&heard.said, Said::Message(_, mime) if mime.text == "still there?"),
        "it heard {heard}"
    );
    Ok(())
}

/// The beginning of a body, for errors.
fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned()
}
