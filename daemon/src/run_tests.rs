use super::*;
use crate::config::{AdminSection, DrainSection, Listen, Mistakes, TelemetrySection};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

/// Patience with what is sure to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the role behaves.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
enum Behaviour {
    #[default]
    Works,
    CannotStart,
    NeverStarts,
    Fails,
    LeavesATask,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Example {
    behaviour: Behaviour,
    admin: AdminSection,
    telemetry: TelemetrySection,
    drain: DrainSection,
}

impl Default for Example {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::Works,
            admin: AdminSection {
                listen: Listen(([127, 0, 0, 1], 0).into()),
            },
            telemetry: TelemetrySection::default(),
            drain: DrainSection::default(),
        }
    }
}

impl Settings for Example {
    fn check(&self, _: &mut Mistakes) {}

    fn check_secrets(&self, _: &mut Mistakes) {}

    fn admin(&self) -> &AdminSection {
        &self.admin
    }

    fn telemetry(&self) -> &TelemetrySection {
        &self.telemetry
    }

    fn drain(&self) -> &DrainSection {
        &self.drain
    }
}

thread_local! {
    /// Whom a role that starts on this thread tells where its admin listener is.
    static TELL: RefCell<Option<mpsc::Sender<SocketAddr>>> = const { RefCell::new(None) };
}

struct Player(Behaviour);

#[async_trait]
impl Role for Player {
    type Settings = Example;
    const PROGRAM: &'static str = "homeport-example";
    const SUMMARY: &'static str = "An example";
    const ENVIRONMENT: &'static str = "HOMEPORT_EXAMPLE";

    async fn start(settings: Example, surroundings: Surroundings<'_>) -> anyhow::Result<Self> {
        tracing::info!("role starts");
        surroundings.registry.register(
            "plays",
            "Plays",
            prometheus_client::metrics::counter::Counter::<u64>::default(),
        );
        let tell = TELL.take().expect("a test listens");
        tell.send(surroundings.admin).await?;
        match settings.behaviour {
            Behaviour::CannotStart => anyhow::bail!("there is no stage"),
            Behaviour::NeverStarts => std::future::pending().await,
            Behaviour::Works | Behaviour::Fails | Behaviour::LeavesATask => {}
        }
        surroundings.readiness.set("player", true);
        Ok(Self(settings.behaviour))
    }

    fn failed(&self) -> Failed {
        if self.0 == Behaviour::Fails {
            let failure = Failure {
                task: "play",
                reason: "the curtain fell".to_owned(),
            };
            Box::pin(std::future::ready(failure))
        } else {
            Box::pin(std::future::pending())
        }
    }

    async fn drain(self, _: Duration) -> Vec<&'static str> {
        tracing::info!("role drains");
        if self.0 == Behaviour::LeavesATask {
            vec!["encore"]
        } else {
            Vec::new()
        }
    }
}

/// A process under test: what it logged and how it ended.
struct Played {
    ended: anyhow::Result<()>,
    lines: Vec<String>,
}

/// Lives until `meanwhile` is over, which is given the address of the admin listener; then a drain is asked for.
async fn play<F: Future<Output = ()>>(settings: Example, meanwhile: impl FnOnce(SocketAddr) -> F) -> Played {
    let (telemetry, dispatch, captured) = Telemetry::for_test("info").unwrap();
    let _scope = tracing::dispatcher::set_default(&dispatch);
    let (tell, mut told) = mpsc::channel(1);
    TELL.set(Some(tell));
    let outside = Outside {
        shutdown: Shutdown::new(),
        network: Arc::new(TokioNetwork),
        clock: Arc::new(SystemClock::new()),
        telemetry,
    };
    let meanwhile = async {
        if let Some(admin) = told.recv().await {
            meanwhile(admin).await;
            outside.shutdown.request();
        }
        std::future::pending::<Infallible>().await
    };
    let lived = async {
        tokio::select! {
            ended = outside.live::<Player>(settings) => ended,
            never = meanwhile => match never {},
        }
    };
    let ended = tokio::time::timeout(PATIENCE, lived)
        .await
        .expect("a process ends when it is asked to");
    let lines = captured
        .lines()
        .iter()
        .map(|line| line.trim().to_owned())
        .collect();
    Played { ended, lines }
}

impl Played {
    /// Where a line with these words is.
    fn at(&self, words: &str) -> usize {
        let found = self.lines.iter().position(|line| line.contains(words));
        found.unwrap_or_else(|| panic!("no {words:?} in {:#?}", self.lines))
    }

    fn says(&self, words: &str) -> bool {
        self.lines.iter().any(|line| line.contains(words))
    }
}

fn behaving(behaviour: Behaviour) -> Example {
    Example {
        behaviour,
        ..Example::default()
    }
}

async fn ask(admin: SocketAddr, path: &str) -> String {
    let mut stream = TokioNetwork.connect_to(&admin.to_string()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Asks until the answer is 200: a bounded number of times, since starting takes some turns of the runtime.
async fn ask_until_ready(admin: SocketAddr, path: &str) -> String {
    let mut answer = String::new();
    for _ in 0..10_000 {
        answer = ask(admin, path).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            break;
        }
    }
    answer
}

#[tokio::test]
async fn a_process_lives_from_start_to_drain_in_order() {
    let played = play(behaving(Behaviour::Works), |admin| async move {
        assert!(
            ask_until_ready(admin, "/readyz")
                .await
                .starts_with("HTTP/1.1 200 ")
        );
        assert!(
            ask_until_ready(admin, "/metrics")
                .await
                .contains("\nhomeport_plays_total 0\n")
        );
    })
    .await;
    assert!(played.ended.is_ok(), "{:?}", played.ended);
    let steps = [
        "starting",
        "role starts",
        "ready",
        "draining",
        "role drains",
        "step=\"role\"",
        "step=\"admin listener\"",
    ];
    let places: Vec<usize> = steps.iter().map(|step| played.at(step)).collect();
    assert!(places.is_sorted(), "{:#?}", played.lines);
    assert!(
        !played.says("WARN") && !played.says("ERROR"),
        "{:#?}",
        played.lines
    );
}

#[tokio::test]
async fn a_process_can_be_looked_at_while_it_starts_and_ends_when_it_is_asked_to() {
    let played = play(behaving(Behaviour::NeverStarts), |admin| async move {
        assert!(ask(admin, "/livez").await.starts_with("HTTP/1.1 200 "));
        let ready = ask(admin, "/readyz").await;
        assert!(
            ready.starts_with("HTTP/1.1 503 ") && ready.ends_with("starting\n"),
            "{ready}"
        );
        let metrics = ask(admin, "/metrics").await;
        assert!(
            metrics.starts_with("HTTP/1.1 503 ") && metrics.ends_with("starting\n"),
            "{metrics}"
        );
    })
    .await;
    assert!(played.ended.is_ok(), "{:?}", played.ended);
    assert!(!played.says("role drains"), "{:#?}", played.lines);
}

#[tokio::test]
async fn a_role_that_cannot_start_ends_the_process() {
    let played = play(behaving(Behaviour::CannotStart), |_| async {}).await;
    assert_eq!(
        format!("{:#}", played.ended.unwrap_err()),
        "start: there is no stage"
    );
}

#[tokio::test]
async fn a_role_that_cannot_go_on_is_drained_and_the_process_fails() {
    let played = play(behaving(Behaviour::Fails), |_| std::future::pending()).await;
    let said = format!("{:#}", played.ended.as_ref().unwrap_err());
    assert!(
        said.starts_with("it cannot go on: ") && said.contains("the curtain fell"),
        "{said}"
    );
    assert!(played.at("role drains") < played.at("admin listener"));
}

#[tokio::test]
async fn what_a_drain_leaves_is_named() {
    let played = play(behaving(Behaviour::LeavesATask), |_| async {}).await;
    assert!(played.ended.is_ok());
    let line = &played.lines[played.at("did not end in time")];
    assert!(line.starts_with("WARN") && line.contains("encore"), "{line}");
}

#[tokio::test]
async fn a_taken_admin_address_is_told_before_the_role_starts() {
    let taken = TokioNetwork.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = taken.local_addr().unwrap();
    let settings = Example {
        admin: AdminSection {
            listen: Listen(address),
        },
        ..Example::default()
    };
    let played = play(settings, |_| async {}).await;
    let said = format!("{:#}", played.ended.as_ref().unwrap_err());
    assert!(
        said.starts_with(&format!("listen on {address} (admin.listen): ")),
        "{said}"
    );
    assert!(!played.says("role starts"), "{:#?}", played.lines);
}

#[test]
fn the_command_line_is_consistent() {
    arguments::check_command::<Player>();
}
