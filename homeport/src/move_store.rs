//! `homeport store`: where state is kept.

use crate::copying::{Copied, back_up, restore};
use crate::data::{DEFAULT, DataDir, Database, database_address};
use crate::output::Output;
use anyhow::{Context, Result, bail, ensure};
use std::io;
use std::path::PathBuf;

/// Where state is kept
#[derive(clap::Args, Debug)]
pub(crate) struct StoreCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Move(Move),
}

/// Move everything of a data folder into a PostgreSQL database
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport store move --to postgres://homeport@db:5432/homeport --password-file db.password
      From then on `homeport up` and every other command use the database

The server must be stopped, and the database empty. A backup is made in the data folder first, restored, and the \
database compared with it; only then the folder says where its state is. What was there before is left as it is. If \
anything goes wrong nothing has moved.")]
struct Move {
    /// The database, postgres://USER@HOST:PORT/DATABASE
    #[arg(long, value_name = "URL", value_parser = database_address)]
    to: String,
    /// The file with the database's password; without it the password is taken from PGPASSWORD
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The data folder of the server
    #[arg(long, value_name = "DIR", default_value = DEFAULT)]
    data: PathBuf,
    /// Write JSON: an object with store, file, rows and sha256
    #[arg(long)]
    json: bool,
}

impl StoreCommand {
    /// Does what the verb says.
    ///
    /// # Errors
    /// What could not be done, and what to do about it.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        match self.verb {
            Verb::Move(to) => to.run(output).await,
        }
    }
}

impl Move {
    async fn run(self, output: &Output) -> Result<()> {
        let data = DataDir::open(&self.data)?;
        data.must_have_store()?;
        let _held = data.hold()?;
        let database = Database::named(&self.to, self.password_file.as_deref())?;
        if data.database()?.as_ref() == Some(&database) {
            bail!("the state of {} is in {} already", self.data.display(), self.to);
        }
        let (from, to) = (data.location()?, database.location()?);
        // Before anything is copied: whether the database can be used shows here.
        to.open().await?.close().await;
        let file = free_name(&data)?;
        let made = back_up(&from, &file, output).await?;
        restore(&to, &file, output).await?;
        let moved = to.backup(&mut io::sink(), &mut |_, _| {}).await;
        let moved = moved.context("read what was moved")?;
        ensure!(
            moved == made,
            "what is in {to} now is not what was in {from}: nothing was moved; is something else writing there?"
        );
        data.set_database(Some(&database))?;
        let copied = Copied::new(&to, &file, moved);
        output.note(&format!(
            "{} rows have moved to {} and were compared; a backup of them is {}",
            copied.rows, copied.store, copied.file
        ));
        if self.json {
            output.json(&copied)?;
        }
        Ok(())
    }
}

/// A name in the folder for a backup that is not there yet.
fn free_name(data: &DataDir) -> Result<PathBuf> {
    let names = (1..=999).map(|number| data.path().join(format!("moved-{number}.backup")));
    let mut free = names.filter(|path| !path.exists());
    free.next()
        .with_context(|| format!("{} is full of backups: remove some", data.path().display()))
}
