//! `homeport chat`: a client that holds a connection open (docs/attachment.md), for people and for scripts.
//!
//! ```text
//! terminal, pipe ── face (plain | screen) ── driver ── session ── frames
//!                                              └── connection (WebSocket, TLS)
//! ```
//!
//! The session decides and does nothing, the driver does and decides nothing, a face is what a person meets.

pub(crate) mod connection;
mod driver;
pub(crate) mod password;
mod plain;
mod screen;
pub(crate) mod servers;
mod session;

pub(crate) use password::asked;

use crate::data;
use crate::output::Output;
use anyhow::{Context, Result, bail};
use attachment::{CloseCode, State};
use connection::Connecting;
use driver::Driver;
use rvp::Principal;
use servers::{ServerUrl, Servers};
use session::{Person, Session};
use std::path::PathBuf;
use std::time::Duration;

/// What is said where there is no TLS.
const OPEN: &str = "the connection is not encrypted: others on its way can read what you write";

/// Talk with people: a screen, or lines for scripts
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport chat alice@localhost
      A screen, on the `homeport up` that runs here; the passwords of demo accounts are found
  homeport chat alice@im.example.com --server https://im.example.com
      On a server elsewhere; the password is asked for
  homeport chat bot@im.example.com --server wss://im.example.com --ca ca.pem --plain --password-file bot.password
      For scripts: `send WHO TEXT` in, `message FROM TEXT` out, a line each
  echo 'send bob@localhost Tea at four?' | homeport chat alice@localhost --plain
      Says it, waits for the receipt and leaves

With --plain, commands are: send WHO TEXT, typing WHO, state STATE, watch WHO, unwatch WHO, block WHO, \
unblock WHO, blocked, watchers, contacts, add WHO NAME, remove WHO, quit. docs/chat.md has the keys of the \
screen, what is printed, and a bot.

A connection that is lost is made again by itself. The exit code is 0 after a log-off, 1 when the log-on failed, \
the connection was ended or a message has no receipt, and 2 when the command line was wrong.")]
pub(crate) struct Chat {
    /// Who you are, for example alice@im.example.com
    #[arg(value_name = "NAME@DOMAIN", value_parser = Principal::from_address)]
    address: Principal,
    /// The URL of a router, ws, wss, http or https [default: what `homeport up` runs on --data]
    #[arg(long, value_name = "URL")]
    server: Option<ServerUrl>,
    /// The data folder of a `homeport up` that runs
    #[arg(long, value_name = "DIR", default_value = data::DEFAULT, conflicts_with = "server")]
    data: PathBuf,
    /// The file whose first line is the password; without it, the password is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Who vouches for the server, PEM, instead of those whom this system trusts
    #[arg(long, value_name = "FILE", requires = "server")]
    ca: Option<PathBuf>,
    /// The state to begin with: online, away, busy, back-soon, on-phone, at-lunch, idle, invisible, offline
    #[arg(long, value_name = "STATE", default_value = "online", value_parser = plain::state)]
    state: State,
    /// A command a line on standard input, an event a line on standard output
    #[arg(long)]
    plain: bool,
    /// With --plain: events as lines of JSON
    #[arg(long, requires = "plain")]
    json: bool,
}

impl Chat {
    /// Talks until the person leaves or the server ends it.
    ///
    /// # Errors
    /// The log-on failed, the connection was ended, or a message has no receipt.
    pub(crate) fn run(self, output: &Output) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .worker_threads(1)
            .build();
        let runtime = runtime.context("start")?;
        let talked = runtime.block_on(Box::pin(self.talk(output)));
        // A read of standard input that nobody waits for any more must not keep the process.
        runtime.shutdown_background();
        talked
    }

    async fn talk(self, output: &Output) -> Result<()> {
        let address = self.address.address();
        let servers = match &self.server {
            Some(url) => Servers::given(url.clone()),
            None => Servers::on(&self.data)?,
        };
        let connecting = match servers.certificate() {
            Some(file) => Connecting::to_certified(file)?,
            None => Connecting::new(self.ca.as_deref())?,
        };
        let demo = self.server.is_none().then_some(self.data.as_path());
        let password = password::password(&address, self.password_file.as_deref(), demo)?;
        let is_open = servers.are_open();
        if is_open {
            output.warning(OPEN);
        }
        let me = address.clone();
        let person = Person {
            address,
            password,
            state: self.state,
        };
        let session = Session::new(person, rand::random(), Duration::ZERO);
        let driver = Driver::new(session, servers, &connecting);
        let stop = daemon::Shutdown::on_signals().context("listen for signals")?;
        let session = if self.plain {
            driver
                .run(&mut plain::Plain::new(output, self.json), &stop)
                .await?
        } else {
            // Gives the terminal back before anything more is said.
            let note = is_open.then_some(OPEN);
            driver
                .run(&mut screen::Screen::new(output, &me, note)?, &stop)
                .await?
        };
        ended(&session)
    }
}

/// What the exit code says.
fn ended(session: &Session) -> Result<()> {
    match session.closed() {
        Some((code, _)) if code == CloseCode::LoggedOff.code() => {}
        Some((_, reason)) => bail!("{reason}"),
        None => bail!("the session did not end"),
    }
    match session.unanswered() {
        0 => Ok(()),
        1 => bail!("one message has no receipt: it may have been delivered or not"),
        count => bail!("{count} messages have no receipt: they may have been delivered or not"),
    }
}

/// An address in one spelling.
fn address(text: &str) -> Result<String, String> {
    Principal::from_address(text)
        .map(|principal| principal.address())
        .map_err(|error| format!("{text:?} is no address: {error}"))
}
