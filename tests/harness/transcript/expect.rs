//! What a `receives` line says about an answer.

use super::words;
use crate::client::Client;
use crate::wire::Answer;
use anyhow::{Context, bail, ensure};
use attachment::{Presence, Receipt, ServerFrame, WatchResult, Why};
use rvp::access::{AccessList, Entry, Who};
use rvp::method::proppatch::Patch;
use rvp::{Identity, Principal, Property};
use std::collections::BTreeMap;
use std::time::Duration;

/// What an answer is compared with.
pub(super) struct AtHand<'a> {
    /// Who was answered.
    pub(super) client: Option<&'a Client>,
    /// Everybody on stage.
    pub(super) people: &'a BTreeMap<String, Principal>,
    /// How far seconds that are left may be off.
    pub(super) slack: Duration,
}

/// Checks an answer against `receives STATUS key=value ...`.
pub(super) fn receives(words: &[&str], answer: &Answer, at_hand: &AtHand<'_>) -> anyhow::Result<()> {
    let ["receives", status, rest @ ..] = words else {
        bail!("write: receives STATUS key=value ...")
    };
    let body = || String::from_utf8_lossy(&answer.body).into_owned();
    ensure!(
        answer.status.to_string() == *status,
        "the answer was {}: {}",
        answer.status,
        body()
    );
    for word in rest {
        let (key, value) = words::pair(word)?;
        let is = match key {
            "state" | "name" | "email" | "properties" => property(key, answer)?,
            "missing" | "refused" | "hidden" => refused(key, answer)?,
            "lifetime" => answer.number("subscription-lifetime")?.to_string(),
            "timeout" => timeout(answer)?,
            "view" => view(answer, at_hand.client.context("who was answered?")?)?.to_owned(),
            "retry" => answer.number("retry-after")?.to_string(),
            "offers" => offers(answer),
            "watchers" | "logins" => subscriptions(key, answer, at_hand.people)?,
            "left" => left(value, answer, at_hand.slack)?,
            about => rights(about, &answer.access()?, at_hand.people)?,
        };
        ensure!(is == value, "{key} is {is}, not {value}: {}", body());
    }
    Ok(())
}

/// Checks what an attached client was answered against `receives TYPE key=value ...`.
pub(super) fn told(
    words: &[&str],
    answer: &[ServerFrame],
    people: &BTreeMap<String, Principal>,
) -> anyhow::Result<()> {
    let ["receives", what, rest @ ..] = words else {
        bail!("write: receives TYPE key=value ...")
    };
    let end = answer.last().context("no answer")?;
    let (is, why) = ending(end).with_context(|| format!("{end:?} is no answer"))?;
    ensure!(is == *what, "the answer was {answer:?}");
    for word in rest {
        let (key, value) = words::pair(word)?;
        let is = match (key, end) {
            ("why", ServerFrame::Done { .. }) => reasons(answer)?.join(","),
            ("refused", ServerFrame::Done { .. }) => reasons(answer)?.len().to_string(),
            (name, ServerFrame::Done { .. }) if people.contains_key(name) => {
                let address = people[name].address();
                let presence = watched(answer).find_map(|(_, result)| match result {
                    WatchResult::Watching { presence, .. } if presence.who == address => Some(presence),
                    WatchResult::Watching { .. } | WatchResult::Refused { .. } => None,
                });
                shown(
                    "state",
                    presence.with_context(|| format!("{name} is not watched: {answer:?}"))?,
                )?
            }
            ("why", _) => serde_json::to_value(why)?.as_str().unwrap_or("none").to_owned(),
            ("watchers" | "blocked", _) => listed(answer, people)?,
            (_, ServerFrame::Watching { presence: told, .. }) => shown(key, told)?,
            _ => bail!("`{key}` is nothing that can be received here"),
        };
        ensure!(is == value, "{key} is {is}, not {value}: {answer:?}");
    }
    Ok(())
}

/// What became of people who were to be watched together, by their places.
pub(super) fn watched(answer: &[ServerFrame]) -> impl Iterator<Item = (u32, &WatchResult)> {
    let parts = answer.iter().filter_map(|frame| {
        if let ServerFrame::WatchingMany { people, .. } = frame {
            Some(people)
        } else {
            None
        }
    });
    parts.flatten().map(|watched| (watched.index, &watched.result))
}

/// Why some of them are not.
fn reasons(answer: &[ServerFrame]) -> anyhow::Result<Vec<String>> {
    let mut reasons = Vec::new();
    for (_, result) in watched(answer) {
        if let WatchResult::Refused { why, .. } = result {
            let why = serde_json::to_value(why)?;
            reasons.push(why.as_str().unwrap_or("none").to_owned());
        }
    }
    Ok(reasons)
}

/// How an answer ends, and why it is refused if it is.
fn ending(end: &ServerFrame) -> Option<(&'static str, Option<Why>)> {
    if let ServerFrame::Receipt { result, .. } = end {
        return Some(match result {
            Receipt::Delivered => ("delivered", None),
            Receipt::Stored => ("stored", None),
            Receipt::Refused { why, .. } => ("refused", Some(*why)),
        });
    }
    if let ServerFrame::Refused { why, .. } = end {
        return Some(("refused", Some(*why)));
    }
    let watching = matches!(end, ServerFrame::Watching { .. }).then_some(("watching", None));
    watching.or_else(|| matches!(end, ServerFrame::Done { .. }).then_some(("done", None)))
}

/// Checks a change that an attached client was told: these are all that changed.
pub(super) fn presence(expected: &[&str], told: &ServerFrame) -> anyhow::Result<()> {
    let ServerFrame::Presence(told) = told else {
        bail!("{told:?} is no change")
    };
    for word in expected {
        let (key, value) = words::pair(word)?;
        ensure!(shown(key, told)? == value, "it was told {told:?}");
    }
    let all = [
        told.state.is_some(),
        told.display_name.is_some(),
        told.email.is_some(),
    ];
    let count = all.into_iter().filter(|there| *there).count();
    ensure!(count == expected.len(), "it was told {told:?}");
    Ok(())
}

fn shown(key: &str, told: &Presence) -> anyhow::Result<String> {
    let shown = match key {
        "state" => told.state.map(|state| state.name().to_owned()),
        "name" => told.display_name.clone(),
        "email" => told.email.clone(),
        _ => bail!("`{key}` is nothing of somebody's presence; write state=, name= or email="),
    };
    Ok(shown.unwrap_or_else(|| "none".to_owned()))
}

/// The people of a list, in order of names, or `none`.
fn listed(answer: &[ServerFrame], people: &BTreeMap<String, Principal>) -> anyhow::Result<String> {
    let mut names = Vec::new();
    for frame in answer {
        if let ServerFrame::Watchers { who, .. } | ServerFrame::Blocked { who, .. } = frame {
            for address in who {
                names.push(name_of(&Principal::from_address(address)?, people));
            }
        }
    }
    names.sort();
    Ok(if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(",")
    })
}

fn property(key: &str, answer: &Answer) -> anyhow::Result<String> {
    let found = answer.properties()?.found;
    if key == "properties" {
        return Ok(found.len().to_string());
    }
    let value = |property: &Property| match (key, property) {
        ("state", Property::State(state)) => Some(state.name().to_owned()),
        ("name", Property::DisplayName(name)) => Some(name.clone()),
        ("email", Property::Email(email)) => Some(email.clone()),
        (
            _,
            Property::State(_)
            | Property::DisplayName(_)
            | Property::Email(_)
            | Property::MobileState(_)
            | Property::MobileDescription(_),
        ) => None,
    };
    Ok(found.iter().find_map(value).unwrap_or_else(|| "none".to_owned()))
}

/// How many properties are missing or hidden; the inner status of what could not be set.
fn refused(key: &str, answer: &Answer) -> anyhow::Result<String> {
    Ok(match key {
        "missing" => answer.properties()?.missing.len().to_string(),
        "hidden" => answer.properties()?.forbidden.len().to_string(),
        _ => {
            let statuses = answer
                .patched()?
                .refused
                .into_iter()
                .map(|(_, status)| status.as_u16().to_string());
            statuses.collect::<Vec<_>>().join(",")
        }
    })
}

/// The lease that was granted: seconds, or `flat`.
fn timeout(answer: &Answer) -> anyhow::Result<String> {
    let lease = |patch: &Patch| match patch {
        Patch::State(state) => Some(state.lease),
        Patch::DisplayName(_) | Patch::Other(_) | Patch::UnknownState => None,
    };
    let lease = answer
        .patched()?
        .done
        .iter()
        .find_map(lease)
        .context("no state was set")?;
    Ok(lease.map_or_else(|| "flat".to_owned(), |lease| lease.timeout.0.to_string()))
}

/// Whether the view in the answer is the one the client had before: `same` or `new`.
fn view(answer: &Answer, client: &Client) -> anyhow::Result<&'static str> {
    let view = answer.view()?.context("no view was set")?;
    Ok(if client.former_view == Some(view) {
        "same"
    } else {
        "new"
    })
}

/// The schemes of a 401: `NTLM,Digest`.
fn offers(answer: &Answer) -> String {
    let all = answer
        .parts
        .headers
        .get_all(http::header::WWW_AUTHENTICATE)
        .iter();
    let scheme = |value: &http::HeaderValue| {
        value
            .to_str()
            .ok()
            .and_then(|value| value.split(' ').next().map(str::to_owned))
    };
    all.filter_map(scheme).collect::<Vec<_>>().join(",")
}

fn subscriptions(key: &str, answer: &Answer, people: &BTreeMap<String, Principal>) -> anyhow::Result<String> {
    let all = answer.subscriptions()?;
    if key == "logins" {
        return Ok(all.len().to_string());
    }
    let mut words: Vec<String> = all
        .iter()
        .map(|each| match &each.subscriber {
            Identity::Person(person) => name_of(person, people),
            Identity::Server(domain) => domain.to_string(),
        })
        .collect();
    words.sort();
    Ok(if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(",")
    })
}

/// The seconds that subscriptions have left; what is expected, if they are off by no more than the slack.
fn left(expected: &str, answer: &Answer, slack: Duration) -> anyhow::Result<String> {
    let mut seconds: Vec<u32> = answer.subscriptions()?.iter().map(|each| each.left.0).collect();
    let mut wanted: Vec<u32> = expected.split(',').map(str::parse).collect::<Result<_, _>>()?;
    seconds.sort_unstable();
    wanted.sort_unstable();
    let near = |(is, wanted): (&u32, &u32)| u64::from(is.abs_diff(*wanted)) <= slack.as_secs();
    if seconds.len() == wanted.len() && seconds.iter().zip(&wanted).all(near) {
        return Ok(expected.to_owned());
    }
    let seconds: Vec<String> = seconds.iter().map(u32::to_string).collect();
    Ok(seconds.join(","))
}

fn name_of(person: &Principal, people: &BTreeMap<String, Principal>) -> String {
    let known = people.iter().find(|(_, known)| *known == person);
    known.map_or_else(|| person.address(), |(name, _)| name.clone())
}

/// The rights of somebody's entry: `+send-to,+presence`, `-send-to,-presence`, `nothing`, or `none` where
/// there is no entry.
fn rights(about: &str, list: &AccessList, people: &BTreeMap<String, Principal>) -> anyhow::Result<String> {
    let who = match (about, people.get(about)) {
        ("everybody", _) => Who::All,
        (_, Some(person)) => Who::One(Identity::Person(person.clone())),
        (_, None) => bail!("`{about}` is nothing that can be received, and nobody on stage"),
    };
    let Some(entry) = list.entries.iter().find(|entry| entry.who == who) else {
        return Ok("none".to_owned());
    };
    Ok(signed(entry))
}

fn signed(entry: &Entry) -> String {
    let granted = entry.grant.iter().map(|right| format!("+{}", right.name()));
    let denied = entry.deny.iter().map(|right| format!("-{}", right.name()));
    let all: Vec<String> = granted.chain(denied).collect();
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join(",")
    }
}
