//! `homeport user list`.

use super::Data;
use crate::output::Output;
use anyhow::Result;
use serde::Serialize;
use store::Account;

/// Show all accounts
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user list
  homeport user list --json --data /srv/homeport | jq -r '.[].address'")]
pub(super) struct List {
    /// Write JSON: a list of objects with address, display_name, email, log_on and state
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// An account as it is shown. Secrets are not.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Shown {
    address: String,
    display_name: String,
    email: String,
    /// How one can log on: with `scram`, and with `legacy`, which is NTLM and Digest.
    log_on: Vec<&'static str>,
    /// `enabled` or `disabled`.
    state: &'static str,
}

impl List {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let store = self.data.open().await?;
        let accounts = store.accounts().await;
        store.close().await;
        let shown: Vec<Shown> = accounts?.iter().map(show).collect();
        if self.json {
            return output.json(&shown);
        }
        if shown.is_empty() {
            output.note("there are no accounts yet; add one with `homeport user add`");
            return Ok(());
        }
        let rows: Vec<_> = shown.into_iter().map(row).collect();
        output.table(&["address", "display name", "log-on", "state"], &rows);
        Ok(())
    }
}

fn show(account: &Account) -> Shown {
    let legacy = account.secrets.legacy.as_ref().map(|_| "legacy");
    Shown {
        address: account.principal.address(),
        display_name: account.display_name.clone(),
        email: account.email.clone(),
        log_on: ["scram"].into_iter().chain(legacy).collect(),
        state: state(account),
    }
}

fn row(shown: Shown) -> Vec<String> {
    vec![
        shown.address,
        shown.display_name,
        shown.log_on.join(", "),
        shown.state.to_owned(),
    ]
}

/// The state of an account in a word.
pub(super) fn state(account: &Account) -> &'static str {
    if account.disabled { "disabled" } else { "enabled" }
}
