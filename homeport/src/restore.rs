//! `homeport restore`.

use crate::copying::{Copied, Which, restore};
use crate::data::DataDir;
use crate::output::Output;
use anyhow::Result;
use std::path::PathBuf;

/// Fill an empty store with what a backup holds
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport restore monday.backup --data /srv/homeport
      Into a new data folder; `homeport up --data /srv/homeport` runs on it
  homeport restore monday.backup --store postgres://homeport@db:5432/homeport --store-password-file db.password
      Into a database, whichever kind of store the backup was made of

A store with anything in it is refused, and so is a file that was cut off or altered: nothing is restored then. No \
home server may run on the store meanwhile.")]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write JSON: an object with store, file, rows and sha256
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

impl Restore {
    /// Reads the file into the store.
    ///
    /// # Errors
    /// Says what is wrong with the file or the store. Nothing was restored.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        let (location, _held) = match self.which.named()? {
            Some(location) => (location, None),
            None => {
                let data = DataDir::create(&self.which.data)?;
                let held = data.hold()?;
                (data.location()?, Some(held))
            }
        };
        let restored = restore(&location, &self.file, output).await?;
        let copied = Copied::new(&location, &self.file, restored);
        output.note(&format!(
            "{} rows of {} are in {}",
            copied.rows, copied.file, copied.store
        ));
        if self.json {
            output.json(&copied)?;
        }
        Ok(())
    }
}
