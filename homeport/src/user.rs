//! `homeport user`: who may log on, and whom they know.
//!
//! Every verb changes the store of a data folder directly. A server that runs on the folder notices within
//! seconds; none need run.

mod add;
mod contacts;
mod enable;
mod list;
mod passwd;
mod password;
mod remove;
mod text;

use crate::data::{self, DataDir};
use crate::output::Output;
use anyhow::{Context, Result, anyhow};
use rvp::Principal;
use std::path::PathBuf;
use std::sync::Arc;
use store::{Account, Store};
use topologies::Topology;

/// How many differing characters still are a slip of the finger.
const TYPOS_MAX: usize = 2;
/// Suggestions beyond a few are no help.
const SUGGESTIONS_MAX: usize = 3;

/// Accounts: who may log on
#[derive(clap::Args, Debug)]
pub(crate) struct User {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Add(add::Add),
    List(list::List),
    Passwd(passwd::Passwd),
    Remove(remove::Remove),
    Disable(enable::Disable),
    Enable(enable::Enable),
    Contacts(contacts::Contacts),
}

/// Where the accounts are.
#[derive(clap::Args, Debug)]
struct Data {
    /// The data folder of the server
    #[arg(long, value_name = "DIR", default_value = data::DEFAULT)]
    data: PathBuf,
}

impl Data {
    /// Opens the store of a folder that has one.
    async fn open(&self) -> Result<Arc<dyn Store>> {
        DataDir::open(&self.data)?.existing_store().await
    }

    /// As an argument of another command, for texts that say what to do next.
    fn argument(&self) -> String {
        if self.data.as_os_str() == data::DEFAULT {
            String::new()
        } else {
            format!(" --data {}", self.data.display())
        }
    }
}

impl User {
    /// Does what the verb says.
    ///
    /// # Errors
    /// What could not be done, and what to do about it.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        match self.verb {
            Verb::Add(add) => add.run(output).await,
            Verb::List(list) => list.run(output).await,
            Verb::Passwd(passwd) => passwd.run(output).await,
            Verb::Remove(remove) => remove.run(output).await,
            Verb::Disable(disable) => disable.run(output).await,
            Verb::Enable(enable) => enable.run(output).await,
            Verb::Contacts(contacts) => contacts.run(output).await,
        }
    }
}

/// The topology that ran last on a folder. Commands that can do without are told why they have to.
fn topology_of(data: &DataDir, output: &Output) -> Option<Topology> {
    let loaded = data.recorded().map_err(anyhow::Error::from).and_then(|recorded| {
        let loaded = recorded.map(|recorded| recorded.load()).transpose();
        loaded.context("load the topology that ran last on this folder")
    });
    loaded.unwrap_or_else(|error| {
        output.warning(&format!("{error:#}"));
        None
    })
}

/// Reads the address of somebody who has an account or gets one.
pub(crate) fn address(text: &str) -> Result<Principal, String> {
    let principal = Principal::from_address(text).map_err(|error| error.to_string())?;
    if principal.without_port() == principal {
        Ok(principal)
    } else {
        Err("leave the port out: where a server listens is not part of who somebody is".to_owned())
    }
}

/// The account of a person, who must have one.
async fn account_of(store: &dyn Store, principal: &Principal) -> Result<Account> {
    match store.load_one(principal).await? {
        Some(person) => Ok(person.account),
        None => Err(no_account(store, principal).await),
    }
}

/// Says that there is no account, and who may have been meant.
async fn no_account(store: &dyn Store, principal: &Principal) -> anyhow::Error {
    let accounts = match store.accounts().await {
        Ok(accounts) => accounts,
        Err(error) => return anyhow!(error).context("look for who was meant"),
    };
    let address = principal.address();
    let meant = similar(principal, accounts.iter().map(|account| &account.principal));
    if accounts.is_empty() {
        anyhow!("there is no account {address}, nor any other; add one with `homeport user add`")
    } else if meant.is_empty() {
        anyhow!("there is no account {address}; `homeport user list` shows all")
    } else {
        anyhow!(
            "there is no account {address}; did you mean {}?",
            meant.join(" or ")
        )
    }
}

/// The addresses that are nearly this one, best first: a few characters off, or the same name elsewhere.
fn similar<'a>(wanted: &Principal, all: impl Iterator<Item = &'a Principal>) -> Vec<String> {
    let address = wanted.address();
    let mut near: Vec<(usize, String)> = all
        .filter_map(|known| {
            let distance = strsim::osa_distance(&address, &known.address());
            let is_near = distance <= TYPOS_MAX || known.name() == wanted.name();
            is_near.then(|| (distance, known.address()))
        })
        .collect();
    near.sort();
    near.into_iter()
        .map(|(_, address)| address)
        .take(SUGGESTIONS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_meant_is_a_slip_away_or_lives_elsewhere() {
        let person = |address: &str| Principal::from_address(address).unwrap();
        let all = [
            person("alice@im.example.com"),
            person("alison@im.example.com"),
            person("bob@im.example.com"),
            person("alcie@im.example.org"),
        ];
        let meant = |address: &str| similar(&person(address), all.iter());
        assert_eq!(
            meant("alcie@im.example.com"),
            ["alice@im.example.com", "alcie@im.example.org"]
        );
        assert_eq!(meant("bob@example.com"), ["bob@im.example.com"]);
        assert!(meant("carol@im.example.com").is_empty());
    }

    #[test]
    fn an_account_has_no_port() {
        assert!(address("alice@im.example.com:80").is_ok());
        assert!(address("alice@im.example.com:8080").unwrap_err().contains("port"));
        assert!(address("alice").unwrap_err().contains("name@domain"));
    }

    #[test]
    fn only_a_folder_that_was_named_is_named_again() {
        let data = |path: &str| Data { data: path.into() }.argument();
        assert_eq!(data(data::DEFAULT), "");
        assert_eq!(data("/srv/im"), " --data /srv/im");
    }
}
