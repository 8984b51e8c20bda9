//! A client's call-back listener on a simulated host.

use crate::history::{Event, Person, Recorder, Said, Seen};
use crate::people::{self, LISTENER_PORT};
use crate::time::pass;
use daemon::{OnError, Tasks};
use rvp::Property;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tests::Connection;
use tests::listener::{Heard, Said as Document};
use tokio::sync::watch;
use turmoil::net::{TcpListener, TcpStream};

/// What a listener does with what comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// Takes it at once.
    Take,
    /// Takes it after a while.
    Slow(Duration),
    /// Reads it and says nothing.
    Silent,
    /// Answers 503.
    Reject,
    /// Does not listen, so that connecting is refused.
    Away,
}

/// Listens for as long as the host lives.
pub(crate) fn listen(who: Person, manner: watch::Receiver<Manner>, recorder: Recorder, tasks: &Tasks) {
    let connections = tasks.group("call-back connection", OnError::Log);
    tasks.spawn("call-back listener", OnError::Stop, async move {
        let mut changed = manner.clone();
        loop {
            changed.wait_for(|manner| *manner != Manner::Away).await?;
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, LISTENER_PORT)).await?;
            loop {
                tokio::select! {
                    biased;
                    away = changed.wait_for(|manner| *manner == Manner::Away) => {
                        away?;
                        break;
                    }
                    accepted = listener.accept() => {
                        let (stream, _) = accepted?;
                        let (manner, recorder) = (manner.clone(), recorder.clone());
                        connections.spawn(async move { receive(who, stream, manner, &recorder).await });
                    }
                }
            }
        }
    });
}

async fn receive(
    who: Person,
    stream: TcpStream,
    manner: watch::Receiver<Manner>,
    recorder: &Recorder,
) -> anyhow::Result<()> {
    let address = SocketAddr::new(turmoil::lookup(who), LISTENER_PORT);
    let router = turmoil::reverse_lookup(stream.peer_addr()?.ip()).unwrap_or_default();
    let mut connection = Connection::of(stream);
    let mut changed = manner.clone();
    // A router that dies cuts its call-backs off.
    let Ok((head, headers, body)) = connection.read_request().await else {
        return Ok(());
    };
    let heard = Heard::read(&head, &headers, body, address)?;
    let manner = *manner.borrow();
    let taken = matches!(manner, Manner::Take | Manner::Slow(_));
    recorder.note(Event::Heard {
        who,
        router,
        login: heard.subscription,
        said: said(&heard)?,
        taken,
    });
    let status = match manner {
        Manner::Take => 200,
        Manner::Slow(time) => {
            pass(time).await;
            200
        }
        Manner::Silent => {
            tokio::select! {
                biased;
                () = connection.closed() => {}
                // A client that is itself again hangs up on what it has left open.
                other = changed.wait_for(|manner| *manner != Manner::Silent) => drop(other?),
            }
            return Ok(());
        }
        Manner::Reject | Manner::Away => 503,
    };
    let answer =
        format!("HTTP/1.1 {status} Because\r\nRVP-Notifications-Version: 0.2\r\nContent-Length: 0\r\n\r\n");
    // Whoever does not wait for the answer is not told.
    let _ = connection.send(answer.as_bytes()).await;
    connection.closed().await;
    Ok(())
}

fn said(heard: &Heard) -> anyhow::Result<Said> {
    let nobody = || anyhow::anyhow!("nobody of the run said this: {heard}");
    Ok(match &heard.said {
        Document::Message(message, mime) => Said::Message {
            from: message
                .from
                .person()
                .and_then(people::person)
                .ok_or_else(nobody)?,
            text: mime.text.clone(),
        },
        Document::Change(change) => Said::Change {
            of: people::person(&change.from).ok_or_else(nobody)?,
            seen: seen(&change.properties),
        },
    })
}

/// What these properties show.
pub(crate) fn seen(properties: &[Property]) -> Seen {
    let mut seen = Seen::default();
    for property in properties {
        match property {
            Property::State(state) => seen.state = Some(*state),
            Property::DisplayName(name) => seen.number = people::number(name),
            Property::Email(_) | Property::MobileState(_) | Property::MobileDescription(_) => {}
        }
    }
    seen
}
