//! `homeport user contacts export`.

use super::form::{Format, STANDARD};
use crate::output::Output;
use crate::user::{Data, address, no_account};
use anyhow::{Context, Result, bail};
use rvp::Principal;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use store::{Contact, Store};

/// Write somebody's contact list to a file
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user contacts export alice@im.example.com
      As CSV, to be looked at
  homeport user contacts export alice@im.example.com alice.json
      Into a new file, as JSON

The order is the order of the list. `homeport user contacts import` reads what this writes.")]
pub(super) struct Export {
    /// Whose list
    #[arg(value_name = "NAME@DOMAIN", value_parser = address)]
    address: Principal,
    /// The new file, .csv or .json; - is standard output
    #[arg(value_name = "FILE", default_value = STANDARD)]
    file: PathBuf,
    /// What to write, where the name of the file does not say it
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    data: Data,
}

impl Export {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let format = Format::of(&self.file, self.format)?;
        let store = self.data.open().await?;
        let contacts = contacts_of(&*store, &self.address).await;
        store.close().await;
        let contacts = contacts?;
        let text = format.write(&contacts)?;
        if self.file.as_os_str() == STANDARD {
            output.line(text.trim_end_matches('\n'));
            return Ok(());
        }
        write_new(&self.file, &text)?;
        output.note(&format!(
            "{} contacts of {} are in {}",
            contacts.len(),
            self.address.address(),
            self.file.display()
        ));
        Ok(())
    }
}

/// The list of a person, who must have an account.
pub(super) async fn contacts_of(store: &dyn Store, principal: &Principal) -> Result<Vec<Contact>> {
    match store.load_one(principal).await? {
        Some(person) => Ok(person.contacts),
        None => Err(no_account(store, principal).await),
    }
}

/// Only this user may read it: whom somebody knows is nobody's business.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    if matches!(&opened, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
        bail!("{} is there already: name a new file", path.display());
    }
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("write {}", path.display()))
}
