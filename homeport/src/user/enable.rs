//! `homeport user disable` and `homeport user enable`.

use super::list::state;
use super::{Data, account_of, address};
use crate::output::Output;
use anyhow::Result;
use membership::Slot;
use rvp::Principal;
use store::{Account, Put, Store};

/// Refuse log-on to an account and keep everything of it
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user disable alice@im.example.com
  homeport user enable alice@im.example.com
      Takes it back

Who is logged on is logged off within seconds.")]
pub(super) struct Disable {
    #[command(flatten)]
    whose: Whose,
}

/// Allow log-on to a disabled account again
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user enable alice@im.example.com")]
pub(super) struct Enable {
    #[command(flatten)]
    whose: Whose,
}

#[derive(clap::Args, Debug)]
struct Whose {
    /// Whose account
    #[arg(value_name = "NAME@DOMAIN", value_parser = address)]
    address: Principal,
    #[command(flatten)]
    data: Data,
}

impl Disable {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        self.whose.set(true, output).await
    }
}

impl Enable {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        self.whose.set(false, output).await
    }
}

impl Whose {
    async fn set(&self, disabled: bool, output: &Output) -> Result<()> {
        let store = self.data.open().await?;
        let done = self.change(&*store, disabled).await;
        store.close().await;
        let (account, changed) = done?;
        let (address, state) = (self.address.address(), state(&account));
        output.note(&if changed {
            format!("{address} is {state} now")
        } else {
            format!("{address} was {state} already")
        });
        Ok(())
    }

    /// The account as it is afterwards, and whether it was different before.
    async fn change(&self, store: &dyn Store, disabled: bool) -> Result<(Account, bool)> {
        let before = account_of(store, &self.address).await?;
        if before.disabled == disabled {
            return Ok((before, false));
        }
        let account = Account { disabled, ..before };
        store
            .put_account(&account, Slot::of(&account.principal).number(), Put::Replace)
            .await?;
        Ok((account, true))
    }
}
