//! Reading a script: who is on stage, and what happens line by line.

use super::words;
use crate::cluster::Plan;
use crate::wire::{self, Proof, Style};
use anyhow::{Context, bail, ensure};
use homeserver::OfflinePolicy;
use router::{Policy, Scheme};
use std::net::IpAddr;
use std::time::Duration;

/// A script, read and not yet played.
#[derive(Debug)]
pub struct Script {
    /// How errors name it.
    pub file: String,
    /// Who is on stage.
    pub cast: Cast,
    /// What happens.
    pub steps: Vec<Step>,
}

/// Who is on stage.
#[derive(Debug, Default)]
pub struct Cast {
    /// Home servers and routers.
    pub plan: Plan,
    /// The clients and people.
    pub roles: Vec<Role>,
    /// Texts of complaints that belong to the story.
    pub complaints: Vec<String>,
}

/// A client, or a name without one.
#[derive(Debug)]
pub struct Role {
    /// Its name in the script: `maxb`, or `maxb/laptop` for another client of the same person.
    pub name: String,
    /// The home server the person lives on.
    pub home: Option<String>,
    /// How it is played; none for a name that nobody has.
    pub client: Option<Played>,
    /// Its router.
    pub router: Option<String>,
    /// The person's display name.
    pub display_name: Option<String>,
}

/// How a client is played.
#[derive(Clone, Copy, Debug)]
pub enum Played {
    /// It speaks RVP, and is called back.
    Listening(Style, Proof),
    /// It holds a connection open.
    Attached,
}

/// One line of the story with what it brings.
#[derive(Debug)]
pub struct Step {
    /// The number of the line.
    pub line: usize,
    /// Its words.
    pub words: Vec<String>,
    /// The `receives` lines below it.
    pub receives: Vec<(usize, Vec<String>)>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// With file and line of what cannot be read.
    pub fn read(file: &str, text: &str) -> anyhow::Result<Self> {
        let mut script = Self {
            file: file.to_owned(),
            cast: Cast::default(),
            steps: Vec::new(),
        };
        ensure!(
            text.starts_with("# "),
            "{file}:1: begin with a comment that says what the transcript shows"
        );
        for (number, line) in (1..).zip(text.lines()) {
            script
                .line(number, line)
                .with_context(|| format!("{file}:{number}: {}", line.trim()))?;
        }
        ensure!(!script.steps.is_empty(), "{file}: nothing happens");
        Ok(script)
    }

    /// Whether time passes in it.
    #[must_use]
    pub fn time_passes(&self) -> bool {
        let passes = |word: &String| word == "pass" || word == "passes";
        self.steps
            .iter()
            .any(|step| step.words.last().is_some_and(passes))
    }

    fn line(&mut self, number: usize, line: &str) -> anyhow::Result<()> {
        let words = words::split(line)?;
        let Some(first) = words.first() else { return Ok(()) };
        if first.starts_with('[') {
            ensure!(self.steps.is_empty(), "who is on stage comes before what happens");
            return self.cast.sections(&words);
        }
        if !line.starts_with([' ', '\t']) {
            self.steps.push(Step {
                line: number,
                words,
                receives: Vec::new(),
            });
            return Ok(());
        }
        ensure!(first == "receives", "an indented line begins with `receives`");
        let step = self
            .steps
            .last_mut()
            .context("nothing has happened that could bring this")?;
        step.receives.push((number, words));
        Ok(())
    }
}

impl Cast {
    /// `[member] home-1 home-2 [router] r-1`: several sections may share a line.
    fn sections(&mut self, words: &[String]) -> anyhow::Result<()> {
        let begins: Vec<usize> = (0..words.len())
            .filter(|at| words[*at].starts_with('['))
            .collect();
        for (index, begin) in begins.iter().enumerate() {
            let end = begins.get(index + 1).copied().unwrap_or(words.len());
            let rest: Vec<&str> = words[begin + 1..end].iter().map(String::as_str).collect();
            self.section(&words[*begin], &rest)?;
        }
        Ok(())
    }

    fn section(&mut self, name: &str, rest: &[&str]) -> anyhow::Result<()> {
        ensure!(!rest.is_empty(), "{name} of what?");
        let owned = || rest.iter().map(|word| (*word).to_owned()).collect();
        match name {
            "[member]" => self.plan.homes = owned(),
            "[router]" => self.plan.routers = owned(),
            "[schemes]" => {
                self.plan.schemes = rest.iter().map(|word| scheme(word)).collect::<Result<_, _>>()?
            }
            "[call-backs]" => self.plan.call_backs = policy(rest)?,
            "[offline]" => self.plan.offline = offline(rest)?,
            "[expects]" => self.complaints.push(rest.join(" ")),
            "[client]" => self
                .roles
                .push(role(rest, Some(Played::Listening(Style::Librvp, Proof::Digest)))?),
            "[attached]" => self.roles.push(role(rest, Some(Played::Attached))?),
            "[nobody]" => self.roles.push(role(rest, None)?),
            _ => bail!(
                "{name} is no section; write [member], [router], [schemes], [call-backs], [offline], [client], [attached], [nobody] or [expects]"
            ),
        }
        Ok(())
    }
}

fn role(words: &[&str], client: Option<Played>) -> anyhow::Result<Role> {
    let [name, rest @ ..] = words else { bail!("who?") };
    let name = (*name).to_owned();
    let mut role = Role {
        name,
        home: None,
        client,
        router: None,
        display_name: None,
    };
    for pair in rest.chunks(2) {
        match (pair, &mut role.client) {
            (["on", home], _) => role.home = Some((*home).to_owned()),
            (["at", router], _) => role.router = Some((*router).to_owned()),
            (["called", name], _) => role.display_name = Some((*name).to_owned()),
            (["like", like], Some(Played::Listening(style, _))) => *style = self::style(like)?,
            (["with", with], Some(Played::Listening(_, proof))) => *proof = wire::proof(with)?,
            _ => bail!("`{}` says nothing about somebody on stage", pair.join(" ")),
        }
    }
    Ok(role)
}

fn style(word: &str) -> anyhow::Result<Style> {
    Ok(match word {
        "librvp" => Style::Librvp,
        "miranda" => Style::Miranda,
        "netrvp" => Style::NetRvp,
        _ => bail!("`{word}` is no client; write librvp, miranda or netrvp"),
    })
}

fn scheme(word: &str) -> anyhow::Result<Scheme> {
    Ok(match word {
        "ntlm" => Scheme::Ntlm,
        "digest" => Scheme::Digest,
        _ => bail!("`{word}` is no scheme; write ntlm or digest"),
    })
}

fn policy(words: &[&str]) -> anyhow::Result<Policy> {
    Ok(match words {
        ["off"] => Policy::Off,
        ["peer"] => Policy::Peer,
        ranges => Policy::Ranges(
            ranges
                .iter()
                .map(|range| self::range(range))
                .collect::<Result<_, _>>()?,
        ),
    })
}

/// `nothing is kept`, or `2 messages are kept`, or `2 messages are kept for 10 minutes`.
fn offline(words: &[&str]) -> anyhow::Result<OfflinePolicy> {
    let usual = OfflinePolicy::default();
    Ok(match words {
        ["nothing", "is", "kept"] => OfflinePolicy { keep: false, ..usual },
        [count, "messages", "are", "kept", rest @ ..] => {
            let age = match rest {
                [] => usual.age,
                ["for", minutes, "minutes"] => Duration::from_secs(60 * minutes.parse::<u64>()?),
                _ => bail!("kept for how many minutes?"),
            };
            let count = count.parse()?;
            OfflinePolicy { count, age, ..usual }
        }
        _ => bail!("write `nothing is kept` or `2 messages are kept for 10 minutes`"),
    })
}

fn range(word: &str) -> anyhow::Result<(IpAddr, u8)> {
    let (network, bits) = word
        .split_once('/')
        .context("write off, peer, or ranges like 10.0.0.0/8")?;
    Ok((network.parse()?, bits.parse()?))
}
