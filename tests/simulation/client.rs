//! A person's client on a simulated host: it does what it is told, and writes down what it asked and got.

use crate::faults::Faults;
use crate::history::{Asked, Event, Gave, Person, Recorder};
use crate::listener::{self, Manner, seen};
use crate::network::SimNetwork;
use crate::people::{LISTENER_PORT, display_name, principal};
use crate::time::pass;
use daemon::{OnError, Tasks};
use rvp::PresenceState;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::accounts::PASSWORD;
use tests::documents::{Contact, Dialect, Entity};
use tests::wire::{CLIENT_PATIENCE, Spelling, Wire};
use tests::wire::{digest, rules};
use tests::{Answer, Ask, Connection, Proof, Style};
use tokio::sync::{mpsc, watch};

/// Where routers listen.
pub(crate) const ROUTER_PORT: u16 = 80;
/// How long watches live: longer than any run.
const WATCH_SECONDS: u32 = 3_600;
/// How often a message is sent by who insists.
pub(crate) const TRIES: usize = 4;
/// Before it is sent again.
pub(crate) const SAY_AGAIN_AFTER: Duration = Duration::from_millis(1_500);
/// Every person's conversation.
const SESSION: &str = "{8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}";

/// What a person does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// Logs on for so many seconds, sets a state, and watches these people.
    LogOn {
        seconds: u32,
        number: u32,
        watch: Vec<Person>,
    },
    /// Logs off.
    LogOff,
    /// Renews the login.
    Renew,
    /// Sets a state.
    Set { state: PresenceState, number: u32 },
    /// Writes to somebody; who insists sends the same message again until it is told that it arrived.
    Say { to: Person, text: String, insists: bool },
    /// Blocks somebody, or ends that.
    Block { whom: Person, blocked: bool },
}

/// A deed, and the router by which it is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Order {
    pub(crate) router: String,
    pub(crate) deed: Deed,
}

/// What a client is made of.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) me: Person,
    pub(crate) faults: Faults,
    pub(crate) recorder: Recorder,
    shared: Arc<Mutex<Remembered>>,
}

/// What a client remembers.
#[derive(Default)]
struct Remembered {
    login: Option<(u32, u32)>,
    view: Option<u32>,
    /// The last challenge: it is answered again for as long as routers take that (spec 6.3).
    challenge: Option<String>,
}

impl Client {
    /// A client that has not logged on.
    pub(crate) fn new(me: Person, faults: Faults, recorder: Recorder) -> Self {
        Self {
            me,
            faults,
            recorder,
            shared: Arc::default(),
        }
    }

    /// Listens, and does as it is told, one thing after the other; only messages are sent side by side, so that
    /// one that waits for its listener holds nothing up.
    pub(crate) async fn run(
        self,
        mut orders: mpsc::Receiver<Order>,
        manner: watch::Receiver<Manner>,
    ) -> turmoil::Result {
        let tasks = Tasks::new();
        listener::listen(self.me, manner, self.recorder.clone(), &tasks);
        let messages = tasks.group("message", OnError::Stop);
        while let Some(Order { router, deed }) = orders.recv().await {
            let client = self.clone();
            match deed {
                Deed::Say { to, text, insists } => messages.spawn(async move {
                    client.say(&router, to, text, insists).await;
                    Ok(())
                }),
                Deed::LogOn {
                    seconds,
                    number,
                    watch,
                } => {
                    self.log_on(&router, seconds).await;
                    self.set(&router, PresenceState::Online, number).await;
                    for whom in watch {
                        self.watch(&router, whom).await;
                    }
                }
                Deed::LogOff => self.log_off(&router).await,
                Deed::Renew => self.renew(&router).await,
                Deed::Set { state, number } => self.set(&router, state, number).await,
                Deed::Block { whom, blocked } => self.block(&router, whom, blocked).await,
            }
        }
        Ok(())
    }

    async fn log_on(&self, router: &str, seconds: u32) {
        let address = SocketAddr::new(turmoil::lookup(self.me), LISTENER_PORT);
        let ask = Ask::new("SUBSCRIBE", &principal(self.me))
            .header("Notification-Type", "pragma/notify")
            .header("Subscription-Lifetime", seconds)
            .header("Call-Back", format!("http://{address}"));
        let gave = |answer: &Answer| Ok(Gave::Subscription(answer.subscription()?));
        if let Some(Gave::Subscription(login)) = self.ask(router, Asked::LogOn { seconds }, &ask, gave).await
        {
            let mut remembered = self.remembered();
            remembered.login = Some((login, seconds));
            remembered.view = None;
        }
    }

    async fn log_off(&self, router: &str) {
        let Some((login, _)) = self.remembered().login.take() else {
            return;
        };
        let ask = Ask::new("UNSUBSCRIBE", &principal(self.me)).header("Subscription-Id", login);
        self.ask(router, Asked::LogOff { login }, &ask, |_| Ok(Gave::Nothing))
            .await;
    }

    async fn renew(&self, router: &str) {
        let Some((login, seconds)) = self.remembered().login else {
            return;
        };
        let ask = Ask::new("SUBSCRIBE", &principal(self.me))
            .header("Subscription-Id", login)
            .header("Subscription-Lifetime", seconds);
        self.ask(router, Asked::Renew { login, seconds }, &ask, |_| {
            Ok(Gave::Nothing)
        })
        .await;
    }

    async fn watch(&self, router: &str, whom: Person) {
        let ask = Ask::new("SUBSCRIBE", &principal(whom))
            .header("Notification-Type", "update/propchange")
            .header("Subscription-Lifetime", WATCH_SECONDS)
            .header("Call-Back", principal(self.me));
        let gave = |answer: &Answer| {
            let seen = seen(&answer.properties()?.found);
            Ok(Gave::Presence {
                subscription: answer.subscription()?,
                seen,
            })
        };
        self.ask(router, Asked::Watch { whom }, &ask, gave).await;
    }

    async fn set(&self, router: &str, state: PresenceState, number: u32) {
        let view = self
            .remembered()
            .view
            .map(|id| format!("<r:view-id>{id}</r:view-id>"));
        let properties = format!(
            "<r:state><r:{}/>{}</r:state><d:displayname>{}</d:displayname>",
            state.name(),
            view.unwrap_or_default(),
            display_name(number)
        );
        let ask = Ask::new("PROPPATCH", &principal(self.me)).body(DIALECT.update(&properties));
        let viewed = |answer: &Answer| Ok(answer.view()?.map_or(Gave::Nothing, Gave::Subscription));
        if let Some(Gave::Subscription(view)) =
            self.ask(router, Asked::Set { state, number }, &ask, viewed).await
        {
            self.remembered().view = Some(view);
        }
    }

    async fn say(&self, router: &str, to: Person, text: String, insists: bool) {
        let contact = |person: Person| Contact {
            url: principal(person).to_string(),
            name: person.to_owned(),
        };
        let entity = Entity {
            kind: Entity::TEXT,
            typing: None,
            session: SESSION.to_owned(),
            text: text.clone(),
        };
        let document = DIALECT.message(&contact(self.me), &[contact(to)], &entity.write());
        let mut ask = Ask::new("NOTIFY", &principal(to))
            .header("RVP-Hop-Count", 1)
            .header("RVP-Ack-Type", "DeepOr")
            .body(document);
        if insists {
            ask = ask.header("Message-Id", text.replace([' ', ','], "-"));
        }
        let _pending = self.recorder.pending();
        for _ in 0..if insists { TRIES } else { 1 } {
            let asked = Asked::Say {
                to,
                text: text.clone(),
            };
            let done = self.ask(router, asked, &ask, |_| Ok(Gave::Nothing)).await;
            if done.is_some() {
                return;
            }
            pass(SAY_AGAIN_AFTER).await;
        }
    }

    async fn block(&self, router: &str, whom: Person, blocked: bool) {
        let rights: &[&str] = &["send-to", "presence"];
        let (grant, deny) = if blocked {
            (&[][..], rights)
        } else {
            (rights, &[][..])
        };
        let body = DIALECT.entry(principal(whom).as_url(), grant, deny);
        let ask = Ask::new("ACL", &principal(self.me)).body(body);
        self.ask(router, Asked::Block { whom, blocked }, &ask, |_| {
            Ok(Gave::Nothing)
        })
        .await;
    }

    /// Asks, and writes down what was asked and what came of it. Returns what a success gave.
    async fn ask(
        &self,
        router: &str,
        asked: Asked,
        ask: &Ask,
        gave: impl FnOnce(&Answer) -> anyhow::Result<Gave>,
    ) -> Option<Gave> {
        let request = self.recorder.begin(self.me, router, asked);
        let answer = tokio::select! {
            biased;
            answer = self.answer(router, ask) => answer,
            () = pass(CLIENT_PATIENCE) => Err(anyhow::anyhow!("no answer in time")),
            // It would wait to the end of its patience, and so would the run.
            () = self.faults.lost(self.me, router) => Err(anyhow::anyhow!("no network")),
        };
        let (status, gave) = match &answer {
            Ok(answer) if answer.succeeded() => match gave(answer) {
                Ok(gave) => (Some(answer.status), gave),
                Err(error) => {
                    let reason = format!("an answer cannot be used: {error:#}");
                    self.recorder.note(Event::Failed {
                        role: router.to_owned(),
                        reason,
                    });
                    (Some(answer.status), Gave::Nothing)
                }
            },
            Ok(answer) => (Some(answer.status), Gave::Nothing),
            Err(_) => (None, Gave::Nothing),
        };
        let done = answer
            .is_ok_and(|answer| answer.succeeded())
            .then(|| gave.clone());
        self.recorder.note(Event::Ended {
            request,
            status,
            gave,
        });
        done
    }

    /// The answer, after as many challenges as it takes.
    async fn answer(&self, router: &str, ask: &Ask) -> anyhow::Result<Answer> {
        let challenge = self.remembered().challenge.clone();
        let first = self.leg(router, ask, challenge.as_deref()).await?;
        if first.status != 401 {
            return Ok(first);
        }
        let offered = first.parts.headers.get_all("www-authenticate").iter();
        let digest = offered
            .filter_map(|value| value.to_str().ok())
            .find(|value| value.starts_with("Digest "));
        let Some(challenge) = digest.map(str::to_owned) else {
            return Ok(first);
        };
        self.remembered().challenge = Some(challenge.clone());
        self.leg(router, ask, Some(&challenge)).await
    }

    async fn leg(&self, router: &str, ask: &Ask, challenge: Option<&str>) -> anyhow::Result<Answer> {
        let wire = Wire {
            me: principal(self.me),
            password: PASSWORD.to_owned(),
            proof: Proof::Digest,
            style: Style::Librvp,
            spelling: Spelling::Plain,
            router: SocketAddr::new(turmoil::lookup(router), ROUTER_PORT),
        };
        let authorization = challenge
            .map(|challenge| digest::answer(&wire, ask, challenge))
            .transpose()?;
        let network = SimNetwork {
            me: self.me.to_owned(),
            faults: self.faults.clone(),
        };
        let mut connection = Connection::of(network.open(router, ROUTER_PORT).await?);
        connection
            .send(&wire.style.write(&wire, ask, authorization.as_deref()))
            .await?;
        let answer = connection.read_answer().await?;
        if let Err(error) = rules::check_answer(&ask.method, &answer) {
            let reason = format!("an answer breaks a rule: {error:#}");
            self.recorder.note(Event::Failed {
                role: router.to_owned(),
                reason,
            });
        }
        Ok(answer)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const DIALECT: Dialect = Dialect {
    style: Style::Librvp,
    foreign_prefixes: false,
};

/// How long a client waits for anything.
pub(crate) const PATIENCE: Duration = CLIENT_PATIENCE;
