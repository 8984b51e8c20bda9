//! `homeport user add`.

use super::password::PasswordSource;
use super::{Data, address, text, topology_of};
use crate::data::DataDir;
use crate::output::Output;
use anyhow::{Result, anyhow};
use membership::Slot;
use rvp::Principal;
use store::{Account, LegacyNames, Put, Secrets};
use topologies::Topology;

/// The NT domain where neither the command line nor a topology names one.
pub(super) const NT_DOMAIN: &str = "CORP";

/// Make an account
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user add alice@im.example.com --password-stdin < password.txt
      An account for clients that log on with SCRAM
  homeport user add bob@im.example.com --legacy --password-stdin < password.txt
      One that old clients (NTLM, Digest) can log on to as well
  homeport user add carol@127.0.0.1 --password-stdin --data /srv/homeport < password.txt
      In another folder than .homeport

The domain is the host in people's instant-messaging addresses, which `homeport up` prints. The data \
folder is made if it is missing. A server that runs on it knows the account within seconds.

What --legacy keeps is as good as the password to whoever steals the store; leave it out where no old \
client is used.")]
pub(super) struct Add {
    /// Whose account it is, for example alice@im.example.com
    #[arg(value_name = "NAME@DOMAIN", value_parser = address)]
    address: Principal,
    #[command(flatten)]
    password: PasswordSource,
    /// The name people see [default: the name in the address]
    #[arg(long, value_name = "TEXT", value_parser = text::display_name)]
    display_name: Option<String>,
    /// The mail address [default: the address]
    #[arg(long, value_name = "ADDR", value_parser = text::email)]
    email: Option<String>,
    /// Keep what old clients need to log on: NTLM and Digest secrets
    #[arg(long)]
    legacy: bool,
    /// The domain in DOMAIN\name that old clients send [default: that of the topology that ran last, or CORP]
    #[arg(long, value_name = "NAME", requires = "legacy", value_parser = text::nt_domain)]
    nt_domain: Option<String>,
    #[command(flatten)]
    data: Data,
}

impl Add {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let address = self.address.address();
        self.password
            .check(&format!("homeport user add {address}{}", self.data.argument()))?;
        let password = self.password.read(&address)?;
        // Refused before a folder is made for it.
        Secrets::derive(&password, None)?;
        let data = DataDir::create(&self.data.data)?;
        let topology = topology_of(&data, output);
        let names = self.legacy.then(|| self.names(topology.as_ref()));
        let account = Account {
            principal: self.address.clone(),
            display_name: self
                .display_name
                .unwrap_or_else(|| self.address.name().to_owned()),
            email: self.email.unwrap_or_else(|| address.clone()),
            disabled: false,
            secrets: Secrets::derive(&password, names.as_ref())?,
        };
        if data.database()?.is_none() && !data.has_store() {
            output.note(&format!("making a new store in {}", data.path().display()));
        }
        let store = data.open_store().await?;
        let put = store
            .put_account(&account, Slot::of(&account.principal).number(), Put::New)
            .await;
        store.close().await;
        put.map_err(|error| refusal(error, &address, &self.data))?;
        output.note(&format!(
            "added {address}, display name \"{}\"",
            account.display_name
        ));
        tell_log_on(output, names.as_ref(), &address, &self.data);
        if let Some(wrong) = topology.and_then(|topology| unserved(&topology, &account.principal)) {
            output.warning(&wrong);
        }
        Ok(())
    }

    fn names(&self, topology: Option<&Topology>) -> LegacyNames {
        let named = self.nt_domain.clone();
        LegacyNames {
            nt_domain: named.unwrap_or_else(|| default_nt_domain(topology, &self.address)),
            principal: self.address.clone(),
        }
    }
}

/// The NT domain of somebody's domain in the topology; [`NT_DOMAIN`] where that is not known.
pub(super) fn default_nt_domain(topology: Option<&Topology>, principal: &Principal) -> String {
    let mut domains = topology.into_iter().flat_map(|topology| &topology.domains);
    let served = domains.find(|domain| domain.im_host == principal.domain_str());
    served.map_or_else(|| NT_DOMAIN.to_owned(), |domain| domain.nt_domain.clone())
}

/// Says what kinds of clients can log on.
pub(super) fn tell_log_on(output: &Output, names: Option<&LegacyNames>, address: &str, data: &Data) {
    output.note(&match names {
        Some(names) => format!("old clients log on as {}", names.spellings().join(" or ")),
        None => format!(
            "old clients (NTLM, Digest) cannot log on to it; to let them:\n  \
             homeport user passwd {address} --legacy --password-stdin{} < password.txt",
            data.argument()
        ),
    });
}

fn refusal(error: store::Error, address: &str, data: &Data) -> anyhow::Error {
    match error {
        store::Error::Exists => anyhow!(
            "{address} has an account already; to change its password:\n  \
             homeport user passwd {address} --password-stdin{} < password.txt",
            data.argument()
        ),
        store::Error::NoSuchAccount
        | store::Error::CannotOpen { .. }
        | store::Error::BadAddress(_)
        | store::Error::Unreachable { .. }
        | store::Error::NotAdmitted { .. }
        | store::Error::NoSuchDatabase { .. }
        | store::Error::ReadOnly { .. }
        | store::Error::Corrupt { .. }
        | store::Error::Foreign { .. }
        | store::Error::NewerSchema { .. }
        | store::Error::Unreadable { .. }
        | store::Error::Unavailable(_)
        | store::Error::Overloaded
        | store::Error::Fenced { .. }
        | store::Error::Stopped => anyhow!(error),
    }
}

/// What is odd about an account of a domain that the topology does not serve. It can be meant, when the
/// domain comes later.
fn unserved(topology: &Topology, principal: &Principal) -> Option<String> {
    let domain = principal.domain_str();
    let hosts: Vec<&str> = topology
        .domains
        .iter()
        .map(|domain| domain.im_host.as_str())
        .collect();
    if hosts.contains(&domain) {
        return None;
    }
    let as_mail = topology.domains.iter().find(|served| served.name == domain);
    Some(match as_mail {
        Some(served) => format!(
            "nobody can log on to it: addresses of {domain} for instant messaging are NAME@{host}; \
             add {name}@{host} and remove this one",
            host = served.im_host,
            name = principal.name()
        ),
        None => format!(
            "nobody can log on to it: topology {}, which ran last on this folder, serves {} and not {domain}",
            topology.name,
            hosts.join(" and ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(address: &str) -> Principal {
        Principal::from_address(address).unwrap()
    }

    #[test]
    fn the_nt_domain_is_that_of_the_topology() {
        let campus = topologies::builtin("education").unwrap();
        let default = |topology, address| default_nt_domain(topology, &person(address));
        assert_eq!(default(Some(&campus), "alice@im.campus.example"), "CAMPUS");
        assert_eq!(default(Some(&campus), "alice@elsewhere.example"), NT_DOMAIN);
        assert_eq!(default(None, "alice@im.campus.example"), NT_DOMAIN);
    }

    #[test]
    fn an_account_nobody_can_use_is_noticed() {
        let campus = topologies::builtin("education").unwrap();
        let wrong = |address| unserved(&campus, &person(address));
        assert_eq!(wrong("alice@im.campus.example"), None);
        assert!(
            wrong("alice@campus.example")
                .unwrap()
                .contains("add alice@im.campus.example")
        );
        assert!(
            wrong("alice@elsewhere.example")
                .unwrap()
                .contains("serves im.campus.example")
        );
    }
}
