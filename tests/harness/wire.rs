//! What goes over the wire between a client and a router: requests as each documented client writes them, the
//! proof of who asks, and the answer.

pub mod digest;
pub mod http;
pub mod ntlm;
pub mod rules;
pub mod style;

pub use self::http::{Answer, Connection};
pub use style::{Spelling, Style};

use ::http::header::WWW_AUTHENTICATE;
use anyhow::{Context, bail};
use rvp::Principal;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a client waits for an answer: what librvp does (spec 3.7).
pub const CLIENT_PATIENCE: Duration = Duration::from_secs(30);

/// How a client proves who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// Digest (spec 6.3).
    Digest,
    /// NTLM: version 1, Miranda version 2 (spec 6.2).
    Ntlm,
    /// The same messages under the name of Negotiate, as Windows sends them where there is no Kerberos.
    Negotiate,
    /// Not at all: it says who it is.
    Asserted,
}

/// A request before a client's style is applied.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The word in the request line.
    pub method: String,
    /// Whose node.
    pub target: Principal,
    /// Beside those that every request has.
    pub headers: Vec<(String, String)>,
    /// What is sent, possibly nothing.
    pub body: Vec<u8>,
    /// Who asks, if it is another than who sends it.
    pub from: Option<String>,
}

impl Ask {
    /// A request without headers of its own and without a body.
    #[must_use]
    pub fn new(method: &str, target: &Principal) -> Self {
        Self {
            method: method.into(),
            target: target.clone(),
            headers: Vec::new(),
            body: Vec::new(),
            from: None,
        }
    }

    /// The same with a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same in the name of somebody else.
    #[must_use]
    pub fn from(mut self, from: impl ToString) -> Self {
        self.from = Some(from.to_string());
        self
    }
}

/// How one client talks to its router. Cheap to clone, so that a request may be under way while its client
/// does something else.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Who it is.
    pub me: Principal,
    /// The password it knows, right or wrong.
    pub password: String,
    /// How it proves who it is.
    pub proof: Proof,
    /// How it writes requests.
    pub style: Style,
    /// How it spells whom a request is about.
    pub spelling: Spelling,
    /// Where its router is.
    pub router: SocketAddr,
}

/// What a client keeps from one request to the next.
#[derive(Debug, Default)]
pub struct Kept {
    /// The connection, with styles that keep it.
    pub connection: Option<Connection>,
    /// Whether NTLM has worked before: librvp then begins with it (spec 6.2).
    pub ntlm_works: bool,
}

impl Wire {
    /// Sends a request with whatever it takes to prove who asks, and checks every answer against the rules
    /// that decide whether a client logs on (spec 0.1).
    ///
    /// # Errors
    /// When there is no answer in time, or one that breaks a rule.
    pub async fn ask(&self, kept: &mut Kept, ask: &Ask) -> anyhow::Result<Answer> {
        let asking = async {
            match kept.connection.take() {
                Some(connection) if self.style.keeps_connection() => {
                    match self.ask_on(connection, true, kept, ask).await {
                        // A server may close what is idle; then a client opens another.
                        Err(error) if http::is_closed(&error) => self.ask_anew(kept, ask).await,
                        answered => answered,
                    }
                }
                Some(_) | None => self.ask_anew(kept, ask).await,
            }
        };
        let answered = tokio::time::timeout(CLIENT_PATIENCE, asking).await;
        answered
            .context("the router did not answer within 30 s")?
            .with_context(|| format!("send {}", ask.method))
    }

    async fn ask_anew(&self, kept: &mut Kept, ask: &Ask) -> anyhow::Result<Answer> {
        let connection = Connection::open(self.router).await?;
        self.ask_on(connection, false, kept, ask).await
    }

    async fn ask_on(
        &self,
        mut connection: Connection,
        used: bool,
        kept: &mut Kept,
        ask: &Ask,
    ) -> anyhow::Result<Answer> {
        let answer = match self.proof {
            Proof::Asserted => self.leg(&mut connection, ask, None).await?,
            Proof::Digest => self.with_digest(&mut connection, ask).await?,
            Proof::Ntlm | Proof::Negotiate => {
                // Where NTLM has worked before, librvp begins every connection with it (spec 6.2).
                let at_once = kept.ntlm_works && !used && self.style.begins_with_ntlm();
                let answer = self.with_ntlm(&mut connection, at_once, ask).await?;
                kept.ntlm_works = answer.status != 401;
                answer
            }
        };
        if self.style.keeps_connection() && !connection.is_closing() {
            kept.connection = Some(connection);
        }
        Ok(answer)
    }

    /// Without credentials first, then once with an answer to the challenge (spec 6.3).
    async fn with_digest(&self, connection: &mut Connection, ask: &Ask) -> anyhow::Result<Answer> {
        let first = self.leg(connection, ask, None).await?;
        if first.status != 401 {
            return Ok(first);
        }
        let Some(challenge) = first.challenge("Digest ") else {
            return Ok(first);
        };
        let answer = digest::answer(self, ask, challenge)?;
        self.leg(connection, ask, Some(answer)).await
    }

    /// Type 1, type 3; before them a request without credentials, unless NTLM is begun at once. On a
    /// connection that is authenticated that is all (spec 6.2).
    async fn with_ntlm(
        &self,
        connection: &mut Connection,
        at_once: bool,
        ask: &Ask,
    ) -> anyhow::Result<Answer> {
        let scheme = if self.proof == Proof::Negotiate {
            "Negotiate"
        } else {
            "NTLM"
        };
        if !at_once {
            let first = self.leg(connection, ask, None).await?;
            if first.status != 401 || first.challenge(scheme).is_none() {
                return Ok(first);
            }
        }
        let message = format!("{scheme} {}", ntlm::negotiate(self));
        let second = self.leg(connection, ask, Some(message)).await?;
        let Some(challenge) = second.challenge(&format!("{scheme} ")) else {
            return Ok(second);
        };
        let message = format!(
            "{scheme} {}",
            ntlm::authenticate(self, &challenge[scheme.len() + 1..])?
        );
        self.leg(connection, ask, Some(message)).await
    }

    async fn leg(
        &self,
        connection: &mut Connection,
        ask: &Ask,
        authorization: Option<String>,
    ) -> anyhow::Result<Answer> {
        connection
            .send(&self.style.write(self, ask, authorization.as_deref()))
            .await?;
        let answer = connection.read_answer().await?;
        rules::check_answer(&ask.method, &answer)
            .with_context(|| format!("an answer breaks a rule:\n{}", answer.head))?;
        Ok(answer)
    }
}

impl Answer {
    /// The challenge that begins like this.
    fn challenge(&self, scheme: &str) -> Option<&str> {
        let all = self.parts.headers.get_all(WWW_AUTHENTICATE).iter();
        all.filter_map(|value| value.to_str().ok())
            .find(|value| value.starts_with(scheme))
    }
}

/// Reads `digest`, `ntlm`, `negotiate` or `asserted`.
///
/// # Errors
/// For any other word.
pub fn proof(word: &str) -> anyhow::Result<Proof> {
    Ok(match word {
        "digest" => Proof::Digest,
        "ntlm" => Proof::Ntlm,
        "negotiate" => Proof::Negotiate,
        "asserted" => Proof::Asserted,
        _ => bail!("`{word}` is no proof; write digest, ntlm, negotiate or asserted"),
    })
}
