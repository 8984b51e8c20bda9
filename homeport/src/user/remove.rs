//! `homeport user remove`.

use super::{Data, address, no_account};
use crate::output::Output;
use anyhow::{Result, anyhow};
use rvp::Principal;
use store::Store;

/// Remove an account with everything that belongs to it
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user remove alice@im.example.com
  homeport user disable alice@im.example.com
      Refuses log-on instead and keeps everything

Contacts, rights and state of the person are gone for good.")]
pub(super) struct Remove {
    /// Whose account
    #[arg(value_name = "NAME@DOMAIN", value_parser = address)]
    address: Principal,
    #[command(flatten)]
    data: Data,
}

impl Remove {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let store = self.data.open().await?;
        let done = self.remove(&*store).await;
        store.close().await;
        done?;
        output.note(&format!(
            "removed {} with everything that belonged to it",
            self.address.address()
        ));
        Ok(())
    }

    /// Without reading the account first: one that cannot be read can still be removed.
    async fn remove(&self, store: &dyn Store) -> Result<()> {
        let removed = store.remove_account(&self.address).await;
        if matches!(removed, Err(store::Error::NoSuchAccount)) {
            return Err(no_account(store, &self.address).await);
        }
        removed.map_err(|error| anyhow!(error))
    }
}
