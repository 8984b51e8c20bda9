//! A cluster under load.

use anyhow::ensure;
use std::time::Duration;
use tests::client::Message;
use tests::listener::{Heard, Said};
use tests::{Answer, Client, Failure, Load, Plan, Processes, Proof, Style};

/// How long somebody may be without service when a home server is lost (design 7).
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);
/// How long a request may be held while people move (design 7), with what a busy machine needs.
pub(crate) const HOLD: Duration = Duration::from_secs(2);

/// What a home server says that has lost its lease, and joins again.
pub(crate) const LEASE_LOST: [&str; 1] = ["the lease is lost"];

/// Runs a scenario on three home servers and two routers, with what the scenario makes of its etcd.
pub(crate) fn run(
    etcd: usize,
    scenario: impl AsyncFnOnce(&mut Processes, &Load) -> anyhow::Result<Bounds>,
) -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let plan = Plan::with_homes(3).with_routers(2);
        let mut processes = Processes::with_etcd(plan, etcd).await?;
        let played = play(&mut processes, scenario).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

/// What a load must not exceed.
pub(crate) struct Bounds {
    /// Without a success.
    pub(crate) gap: Duration,
    /// Whether requests may fail at all.
    pub(crate) failures: bool,
}

async fn play(
    processes: &mut Processes,
    scenario: impl AsyncFnOnce(&mut Processes, &Load) -> anyhow::Result<Bounds>,
) -> anyhow::Result<()> {
    processes.begin_everything().await?;
    let load = Load::start(processes).await?;
    let bounds = scenario(processes, &load).await?;
    let report = load.finish().await?;
    // For whoever wants to know: nextest shows it with `--success-output immediate`.
    eprintln!("{report}");
    if !bounds.failures {
        report.nothing_failed()?;
    }
    report.served_within(bounds.gap)
}

/// Starts a process and waits until it is ready.
pub(crate) async fn begin(processes: &mut Processes, name: &str) -> anyhow::Result<()> {
    processes.launch(name)?;
    processes.ready(name).await
}

/// A client of somebody who lives there, not logged on.
pub(crate) async fn client(processes: &mut Processes, name: &str, home: &str) -> anyhow::Result<Client> {
    let me = processes.accounts().principal(name, Some(home))?;
    processes.accounts().add(&me, name).await?;
    Client::new(processes, &me, (Style::Librvp, Proof::Digest), "r-1")
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

/// Somebody writes to somebody.
pub(crate) async fn say(writer: &mut Client, to: &Client, text: &str) -> anyhow::Result<Answer> {
    let ask = writer.notify(to.me(), &Message::text(text));
    writer.ask(&ask).await
}

/// What a message says that was heard.
pub(crate) fn text_of(heard: &Heard) -> Option<String> {
    match &heard.said {
        Said::Message(_, mime) => Some(mime.text.clone()),
        Said::Change(_) => None,
    }
}
