//! `homeport backup`.

use crate::copying::{Copied, Which, back_up};
use crate::output::Output;
use anyhow::Result;
use std::path::PathBuf;

/// Copy everything that is kept into a file, while the cluster runs
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport backup monday.backup
      Of the data folder .homeport, wherever its state is
  homeport backup /backup/im.backup --store postgres://homeport@db:5432/homeport --json
      Of a database, for scripts

The file holds one moment of accounts with what their passwords are checked against, contacts, rights, logins, \
subscriptions, messages that wait, and archives: keep it as safe as the store. Only its owner may read it. `homeport \
restore` reads it into an empty store of either kind.")]
pub(crate) struct Backup {
    /// The new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write JSON: an object with store, file, rows and sha256
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

impl Backup {
    /// Writes the file.
    ///
    /// # Errors
    /// Says what cannot be read or written.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        let location = self.which.existing()?;
        let backup = back_up(&location, &self.file, output).await?;
        let copied = Copied::new(&location, &self.file, backup);
        output.note(&format!(
            "{} rows of {} are in {}",
            copied.rows, copied.store, copied.file
        ));
        if self.json {
            output.json(&copied)?;
        }
        Ok(())
    }
}
