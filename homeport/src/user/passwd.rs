//! `homeport user passwd`.

use super::add::{default_nt_domain, tell_log_on};
use super::password::PasswordSource;
use super::{Data, account_of, address, text, topology_of};
use crate::data::DataDir;
use crate::output::Output;
use anyhow::{Result, bail};
use membership::Slot;
use rvp::Principal;
use store::{Account, LegacyNames, LegacySecrets, Put, Secrets, Store};
use topologies::Topology;

/// Change the password of an account
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user passwd alice@im.example.com --password-stdin < password.txt
      Old clients can log on afterwards if they could before
  homeport user passwd alice@im.example.com --legacy --password-stdin < password.txt
      Let old clients (NTLM, Digest) log on
  homeport user passwd alice@im.example.com --no-legacy --password-stdin < password.txt
      Forget what old clients need

Who is logged on stays so. The same password can be given again to change only how one can log on, \
which needs the password because none is kept.")]
pub(super) struct Passwd {
    /// Whose password
    #[arg(value_name = "NAME@DOMAIN", value_parser = address)]
    address: Principal,
    #[command(flatten)]
    password: PasswordSource,
    /// Keep what old clients need to log on: NTLM and Digest secrets [default: as before]
    #[arg(long)]
    legacy: bool,
    /// Forget what old clients need to log on
    #[arg(long, conflicts_with_all = ["legacy", "nt_domain"])]
    no_legacy: bool,
    /// The domain in DOMAIN\name that old clients send [default: as before]
    #[arg(long, value_name = "NAME", value_parser = text::nt_domain)]
    nt_domain: Option<String>,
    #[command(flatten)]
    data: Data,
}

impl Passwd {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let address = self.address.address();
        self.password
            .check(&format!("homeport user passwd {address}{}", self.data.argument()))?;
        let data = DataDir::open(&self.data.data)?;
        let store = data.existing_store().await?;
        let done = self.change(&data, &*store, output).await;
        store.close().await;
        let names = done?;
        output.note(&format!("changed the password of {address}"));
        tell_log_on(output, names.as_ref(), &address, &self.data);
        Ok(())
    }

    async fn change(
        &self,
        data: &DataDir,
        store: &dyn Store,
        output: &Output,
    ) -> Result<Option<LegacyNames>> {
        let before = account_of(store, &self.address).await?;
        let names = self.names(before.secrets.legacy.as_ref(), || topology_of(data, output))?;
        let password = self.password.read(&self.address.address())?;
        let secrets = Secrets::derive(&password, names.as_ref())?;
        // Read again, because a server may have changed the display name while the password was typed.
        let account = Account {
            secrets,
            ..account_of(store, &self.address).await?
        };
        store
            .put_account(&account, Slot::of(&account.principal).number(), Put::Replace)
            .await?;
        Ok(names)
    }

    /// The names for old clients, if they are to log on.
    fn names(
        &self,
        before: Option<&LegacySecrets>,
        topology: impl FnOnce() -> Option<Topology>,
    ) -> Result<Option<LegacyNames>> {
        if self.no_legacy || !self.legacy && before.is_none() {
            if self.nt_domain.is_some() {
                bail!(
                    "old clients cannot log on to {}, so it has no NT domain; add --legacy",
                    self.address.address()
                );
            }
            return Ok(None);
        }
        let named = self.nt_domain.clone().or_else(|| before.map(nt_domain));
        let nt_domain = named.unwrap_or_else(|| default_nt_domain(topology().as_ref(), &self.address));
        Ok(Some(LegacyNames {
            principal: self.address.clone(),
            nt_domain,
        }))
    }
}

/// The NT domain that secrets were made with; empty if there was none.
fn nt_domain(secrets: &LegacySecrets) -> String {
    let mut domains = secrets
        .digest
        .iter()
        .filter_map(|secret| secret.username.split_once('\\'));
    domains
        .next()
        .map(|(domain, _)| domain.to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser, Debug)]
    struct Line {
        #[command(flatten)]
        passwd: Passwd,
    }

    fn names(line: &str, before: Option<&LegacySecrets>) -> Result<Option<String>> {
        let words = ["passwd", "alice@im.campus.example"]
            .into_iter()
            .chain(line.split_whitespace());
        let passwd = Line::try_parse_from(words)?.passwd;
        let topology = || topologies::builtin("education").ok();
        Ok(passwd.names(before, topology)?.map(|names| names.nt_domain))
    }

    fn legacy(nt_domain: &str) -> LegacySecrets {
        let principal = Principal::from_address("alice@im.campus.example").unwrap();
        let names = LegacyNames {
            principal,
            nt_domain: nt_domain.to_owned(),
        };
        Secrets::derive("s3cret", Some(&names)).unwrap().legacy.unwrap()
    }

    #[test]
    fn how_one_logs_on_stays_as_before_unless_told() {
        let before = legacy("OLD");
        assert_eq!(names("", None).unwrap(), None);
        assert_eq!(names("", Some(&before)).unwrap().as_deref(), Some("OLD"));
        assert_eq!(names("--legacy", Some(&before)).unwrap().as_deref(), Some("OLD"));
        assert_eq!(
            names("--nt-domain new", Some(&before)).unwrap().as_deref(),
            Some("NEW")
        );
        assert_eq!(names("--no-legacy", Some(&before)).unwrap(), None);
        assert_eq!(names("", Some(&legacy(""))).unwrap().as_deref(), Some(""));
    }

    #[test]
    fn old_clients_that_may_log_on_now_get_the_domain_of_the_topology() {
        assert_eq!(names("--legacy", None).unwrap().as_deref(), Some("CAMPUS"));
        assert_eq!(
            names("--legacy --nt-domain corp", None).unwrap().as_deref(),
            Some("CORP")
        );
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(
            names("--nt-domain corp", None)
                .unwrap_err()
                .to_string()
                .contains("--legacy")
        );
        assert!(names("--legacy --no-legacy", None).is_err());
        assert!(names("--no-legacy --nt-domain corp", None).is_err());
    }
}
