//! What is measured: the routers, the accounts, and whose processor time is read.

use super::accounts;
use crate::Usage;
use crate::chat::connection::{trust, trust_only};
use crate::chat::password;
use crate::chat::servers::{ServerUrl, Servers};
use crate::data::{self, DataDir, LOAD_PASSWORD};
use crate::output::Output;
use ::load::{People, Router, Server};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// What is measured.
#[derive(clap::Args, Debug)]
pub(crate) struct Target {
    /// The URL of a router; again for each further one [default: what `homeport up` runs on --data]
    #[arg(long, value_name = "URL")]
    server: Vec<ServerUrl>,
    /// Trust only these authorities of routers with TLS, a file in PEM [default: those that this system trusts]
    #[arg(long, value_name = "FILE", requires = "server")]
    tls_ca: Option<PathBuf>,
    /// The data folder of a `homeport up` that runs
    #[arg(long, value_name = "DIR", default_value = data::DEFAULT)]
    data: PathBuf,
    /// The users' addresses, {number} being counted from 0; `load{number}` at the domain of --data unless given
    #[arg(long, value_name = "PATTERN")]
    names: Option<String>,
    /// The file whose first line is the password of all of them [default: what --make-accounts wrote]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Make those of the accounts that are missing, in the store of --data
    #[arg(long)]
    make_accounts: bool,
    /// A process of the server on this machine; again for each further one [default: those that listen there]
    #[arg(long, value_name = "PID")]
    pid: Vec<u32>,
    /// The HOST:PORT of an admin listener of the server elsewhere, whose /metrics tell it; again for each further one
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "pid")]
    metrics: Vec<String>,
}

impl Target {
    /// What runs on a data folder, with accounts that are made there.
    pub(crate) fn on(data: PathBuf) -> Self {
        Self {
            server: Vec::new(),
            tls_ca: None,
            data,
            names: None,
            password_file: None,
            make_accounts: true,
            pid: Vec::new(),
            metrics: Vec::new(),
        }
    }

    /// The data folder, unless routers were named instead.
    pub(crate) fn data(&self) -> Option<&Path> {
        self.server.is_empty().then_some(self.data.as_path())
    }

    /// Where the cluster is.
    ///
    /// # Errors
    /// Nothing runs on the data folder, or a name means nothing.
    pub(crate) async fn routers(&self) -> Result<Vec<Router>> {
        let found;
        let (urls, certificate) = if self.server.is_empty() {
            found = Servers::on(&self.data)?;
            (found.all(), found.certificate())
        } else {
            (&self.server[..], None)
        };
        let mut routers = Vec::new();
        for url in urls {
            let uri = url.uri();
            let authority = uri.authority().context("a router's URL has a host")?;
            routers.push(if uri.scheme_str() == Some("wss") {
                let trust = match certificate {
                    Some(file) => trust_only(file)?,
                    None => trust(self.tls_ca.as_deref(), "--tls-ca")?,
                };
                Router::find_over_tls(authority.as_str(), trust).await?
            } else {
                Router::find(authority.as_str()).await?
            });
        }
        Ok(routers)
    }

    /// Everybody who takes part.
    ///
    /// # Errors
    /// The pattern is none, or there must be one.
    pub(crate) fn people(&self, count: u32) -> Result<People> {
        let pattern = match &self.names {
            Some(pattern) => pattern.clone(),
            None => format!("load{{number}}@{}", self.domain()?),
        };
        let people = People::new(&pattern, count.min(::load::USERS_MAX));
        people.map_err(|error| anyhow::anyhow!(Usage(error.to_string())))
    }

    /// The domain that is served by what ran last on the data folder.
    fn domain(&self) -> Result<String> {
        let advice =
            || Usage("say with --names who takes part, for example load{number}@im.example.com".to_owned());
        let recorded = DataDir::open(&self.data).and_then(|data| data.recorded());
        let recorded = recorded.ok().flatten().with_context(advice)?;
        let topology = recorded.load().with_context(advice)?;
        let first = topology.domains.first().with_context(advice)?;
        Ok(first.im_host.clone())
    }

    /// The password of the accounts, which are made first if that is asked for.
    ///
    /// # Errors
    /// There is none to be had, or accounts cannot be made.
    pub(crate) async fn password(&self, people: &People, output: &Output) -> Result<String> {
        let given = match &self.password_file {
            Some(file) => Some(password::password("", Some(file), None)?),
            None => None,
        };
        if self.make_accounts {
            let data = DataDir::open(&self.data)?;
            return accounts::make(&data, people, given, output).await;
        }
        if let Some(password) = given {
            return Ok(password);
        }
        let kept = self.data.join(LOAD_PASSWORD);
        if !kept.exists() {
            bail!(Usage(format!(
                "the password of the accounts is not known: give it with --password-file, or let them be made with \
                 --make-accounts, which writes it to {}",
                kept.display()
            )));
        }
        password::password("", Some(&kept), None)
    }

    /// Whether homes may not know the accounts yet.
    pub(crate) fn makes_accounts(&self) -> bool {
        self.make_accounts
    }

    /// What to do about accounts that are missing.
    pub(crate) fn advice(&self) -> String {
        if self.make_accounts {
            return "an account has another password: give it with --password-file, or take others with --names".to_owned();
        }
        "give --make-accounts as well, which makes those that are missing in the store of --data, or the password that \
         they have with --password-file"
            .to_owned()
    }

    /// Whose processor time is read.
    pub(crate) fn server(&self) -> Server {
        if !self.metrics.is_empty() {
            Server::Metrics(self.metrics.clone())
        } else if self.pid.is_empty() {
            Server::Found
        } else {
            Server::Processes(self.pid.clone())
        }
    }
}
