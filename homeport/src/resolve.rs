//! `homeport resolve`: where clients find somebody, step by step (spec 2), and which home server that is.
//!
//! ```text
//! address ── srv ──▶ host ──▶ logical URL ── place (with a topology) ──▶ slot, home
//!                                        └── store (with a data folder) ──▶ account
//! ```
//!
//! What clients do is fixed, so this asks what they ask. It does not connect to any server: whether one
//! answers under the URL is another question.

mod place;
mod report;
mod srv;

use crate::data::{DataDir, Recorded};
use crate::output::Output;
use anyhow::{Context, Result, bail};
use report::{Known, Report};
use rvp::Principal;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use topologies::Topology;

const DNS_PORT: u16 = 53;

/// Show step by step where clients find somebody
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport resolve alice@example.com
      What DNS says, and the URL that clients use
  homeport resolve alice@example.com --dns-server 192.0.2.53:53
      The same as one DNS server says it
  homeport resolve alice@im.campus.example --topology education
      Also which home server is hers
  homeport resolve alice@127.0.0.1 --data .homeport --json
      Also whether there is an account, for scripts

The topology is the one that ran last on the data folder, unless another is named. With --json the \
`outcome` of `srv` is one of found, no-record, declined, unreachable, refused and skipped.

The exit code is 0 as soon as clients would find a host, be it only the one they fall back to.")]
pub(crate) struct Resolve {
    /// Who, for example alice@example.com
    #[arg(value_name = "NAME@DOMAIN", value_parser = Principal::from_address)]
    address: Principal,
    /// The data folder of a server: says whether there is an account
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A topology file, or the name of one that is built in: says which home server
    #[arg(long, value_name = "FILE|NAME")]
    topology: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// The DNS server to ask [default: those of this system]
    #[arg(long, value_name = "IP:PORT", value_parser = dns_server)]
    dns_server: Option<SocketAddr>,
}

impl Resolve {
    /// Resolves and shows every step.
    ///
    /// # Errors
    /// When the folder or topology cannot be read, or clients would find no host.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        // What can be wrong on this side is found before anything is asked.
        let data = self.data.as_deref().map(DataDir::open).transpose()?;
        let topology = self.topology(data.as_ref())?;
        let store = match &data {
            Some(data) => Some(data.existing_store().await?),
            None => None,
        };
        let mut report = Report::new(
            &self.address,
            srv::ask(&self.address.domain(), self.dns_server).await,
        );
        if let Some(topology) = &topology {
            report.place(topology);
        }
        if let (Some(store), Some(person)) = (&store, report.person()) {
            let found = store.load_one(&person).await.context("look for the account")?;
            report.account(Known::new(&person, found.map(|found| found.account)));
        }
        report.print(output, self.json)?;
        match report.url() {
            Some(_) => Ok(()),
            None => bail!("clients find no host for {}", self.address.address()),
        }
    }

    /// The topology that was named, or that ran last on the data folder.
    fn topology(&self, data: Option<&DataDir>) -> Result<Option<Topology>> {
        let recorded = match (&self.topology, data) {
            (Some(named), _) => Some(Recorded::new(named, None)),
            (None, Some(data)) => data.recorded()?,
            (None, None) => None,
        };
        Ok(recorded.map(|recorded| recorded.load()).transpose()?)
    }
}

/// Reads the address of a DNS server, with its port unless that is 53.
fn dns_server(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>();
    with_port
        .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT)))
        .map_err(|_| "write the IP address of a DNS server and its port, such as 192.0.2.53:53".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_server_is_an_address_with_or_without_its_port() {
        let read = |text: &str| dns_server(text).map(|server| server.to_string());
        assert_eq!(read("192.0.2.53"), Ok("192.0.2.53:53".to_owned()));
        assert_eq!(read("192.0.2.53:5353"), Ok("192.0.2.53:5353".to_owned()));
        assert_eq!(read("2001:db8::53"), Ok("[2001:db8::53]:53".to_owned()));
        assert!(read("ns.example.com").is_err());
    }
}
