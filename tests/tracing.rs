//! One message is one trace, from the client that sends it to the listener that gets it, over router, home server and
//! router again.

use anyhow::{Context, ensure};
use daemon::telemetry::CapturedSpan;
use tests::client::{Message, NamedView, SetState};
use tests::listener::Heard;
use tests::{Client, Failure, Logs, Plan, Proof, Stage, Style};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// The borders that a message crosses, last first.
const BORDERS: [&str; 4] = ["router.serve", "home.serve", "home.call", "rvp.request"];

#[test]
fn a_message_is_one_trace_from_client_to_client() -> Result<(), Failure> {
    tests::run(&[], async |logs| {
        let (stage, mut maxb, deriks) = scene().await?;
        let trace = Some(format!("00-{TRACE}-{SPAN}-01"));
        let heard = send(
            &mut maxb,
            &deriks,
            Message {
                trace,
                ..Message::text("traced")
            },
        )
        .await?;
        stage.close().await?;
        let (trace, last) = arrived(&heard)?;
        ensure!(trace == TRACE, "the trace that arrives is {trace}");
        ensure!(last != SPAN, "no span of ours is in the trace that arrives");
        let first = check_chain(logs, &trace, &last)?;
        ensure!(
            first.parent.as_deref() == Some(SPAN),
            "the sender's span is not the first: {first:?}"
        );
        let delivered = in_trace(logs, &trace)
            .into_iter()
            .any(|span| span.name == "notify.deliver");
        ensure!(delivered, "the delivery is not in the trace");
        Ok(())
    })
}

#[test]
fn a_message_without_a_trace_begins_one() -> Result<(), Failure> {
    tests::run(&[], async |logs| {
        let (stage, mut maxb, deriks) = scene().await?;
        let heard = send(&mut maxb, &deriks, Message::text("not traced")).await?;
        let nonsense = Some("00-nonsense".to_owned());
        let other = send(
            &mut maxb,
            &deriks,
            Message {
                trace: nonsense,
                ..Message::text("badly traced")
            },
        )
        .await?;
        stage.close().await?;
        let mut traces = Vec::new();
        for heard in [heard, other] {
            let (trace, last) = arrived(&heard)?;
            let first = check_chain(logs, &trace, &last)?;
            ensure!(first.parent.is_none(), "it begins with us: {first:?}");
            traces.push(trace);
        }
        ensure!(traces[0] != traces[1], "each message is a trace of its own");
        Ok(())
    })
}

/// A change is made by a server and told many, so it carries nobody's trace to clients; but the request that made
/// it is traced up to the home server.
#[test]
fn a_change_is_traced_up_to_the_home_server() -> Result<(), Failure> {
    tests::run(&[], async |logs| {
        let (stage, mut maxb, mut deriks) = scene().await?;
        let me = maxb.me().clone();
        ensure!(deriks.watch(&me, 3_600).await?.status == 207, "it cannot watch");
        let set = SetState {
            state: "busy",
            lease: Some(1_200),
            view: NamedView::Usual,
        };
        ensure!(maxb.set_state(set).await?.status == 207, "it cannot set a state");
        deriks
            .listener
            .next("the change", |heard| heard.is_change_of(&me))
            .await?;
        stage.close().await?;
        let spans = logs.spans();
        let served = spans.iter().filter(|span| span.name == "home.serve");
        let chained =
            served.filter(|span| parent(&spans, span).is_some_and(|above| above.name == "home.call"));
        ensure!(
            chained.count() >= 4,
            "requests are not traced from the router to the home server"
        );
        Ok(())
    })
}

async fn scene() -> anyhow::Result<(Stage, Client, Client)> {
    let mut stage = Stage::start(Plan::with_homes(2)).await?;
    let mut clients = Vec::new();
    for (name, home) in [("maxb", "home-1"), ("deriks", "home-2")] {
        let me = stage.principal(name, Some(home))?;
        stage.add_person(&me, name).await?;
        let mut client = Client::new(&stage, &me, (Style::Librvp, Proof::Digest), "r-1")?;
        ensure!(client.log_on(3_600).await?.status == 200, "{name} cannot log on");
        clients.push(client);
    }
    let deriks = clients.pop().context("two were made")?;
    Ok((stage, clients.pop().context("two were made")?, deriks))
}

async fn send(from: &mut Client, to: &Client, message: Message) -> anyhow::Result<Heard> {
    let ask = from.notify(to.me(), &message);
    ensure!(from.ask(&ask).await?.status == 200, "it is not delivered");
    to.listener.next("the message", |_| true).await
}

/// The trace and the span in the `traceparent` of what a client got.
fn arrived(heard: &Heard) -> anyhow::Result<(String, String)> {
    let parent = heard.trace.as_deref().context("no traceparent arrived")?;
    let parts: Vec<&str> = parent.split('-').collect();
    let ["00", trace, span, "01"] = parts[..] else {
        anyhow::bail!("traceparent is {parent}")
    };
    Ok((trace.to_owned(), span.to_owned()))
}

fn in_trace(logs: &Logs, trace: &str) -> Vec<CapturedSpan> {
    logs.spans()
        .into_iter()
        .filter(|span| span.trace == trace)
        .collect()
}

fn parent<'a>(spans: &'a [CapturedSpan], of: &CapturedSpan) -> Option<&'a CapturedSpan> {
    spans.iter().find(|span| Some(&span.id) == of.parent.as_ref())
}

/// From the span that arrived up to the first: every border is crossed, in order. Returns the first.
fn check_chain(logs: &Logs, trace: &str, last: &str) -> anyhow::Result<CapturedSpan> {
    let spans = in_trace(logs, trace);
    let mut at = spans
        .iter()
        .find(|span| span.id == last)
        .context("the span that arrived is none of ours")?;
    let mut names = vec![at.name.clone()];
    while let Some(above) = parent(&spans, at) {
        at = above;
        names.push(at.name.clone());
    }
    let mut borders = BORDERS.iter().peekable();
    for name in &names {
        borders.next_if(|border| *border == name);
    }
    ensure!(
        borders.peek().is_none(),
        "the chain is broken before {:?}: {names:?}",
        borders.peek()
    );
    Ok(at.clone())
}
