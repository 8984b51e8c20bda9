//! Where what runs keeps its state.

use crate::data::{DataDir, Database, STORE, database_address};
use crate::output::Output;
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::sync::Arc;
use store::Store;
use topologies::Topology;

/// Which store.
#[derive(clap::Args, Debug)]
pub(super) struct KeptIn {
    /// Keep state in this PostgreSQL database; `sqlite` for the data folder again [default: as last time, at first
    /// the data folder]
    #[arg(long = "store", value_name = "URL", value_parser = store_argument)]
    store: Option<String>,
    /// The file with the database's password; without it the password is taken from PGPASSWORD
    #[arg(long = "store-password-file", value_name = "FILE", requires = "store")]
    password_file: Option<PathBuf>,
}

/// What stands for the data folder.
const IN_THE_FOLDER: &str = "sqlite";

fn store_argument(text: &str) -> Result<String, String> {
    if text == IN_THE_FOLDER {
        Ok(text.to_owned())
    } else {
        database_address(text)
    }
}

impl KeptIn {
    /// Opens the store, and remembers where it is once it could be opened.
    ///
    /// # Errors
    /// Says what to do when the topology wants another store, or as [`store::Location::open`].
    pub(super) async fn open(
        &self,
        data: &DataDir,
        topology: &Topology,
        output: &Output,
    ) -> Result<Arc<dyn Store>> {
        let before = data.database()?;
        let wanted = match &self.store {
            None => before.clone(),
            Some(named) if named == IN_THE_FOLDER => None,
            Some(named) => Some(Database::named(named, self.password_file.as_deref())?),
        };
        let Some(database) = &wanted else {
            if topology.store == topologies::Store::Postgres && self.store.is_none() {
                bail!(
                    "topology {} keeps state in PostgreSQL: say where with --store \
                     postgres://USER@HOST:PORT/DATABASE, or run it with --store {IN_THE_FOLDER}",
                    topology.name
                );
            }
            data.set_database(None)?;
            return data.open_store().await;
        };
        let store = database.location()?.open().await?;
        if before.is_none() && data.has_store() && store.revision().await? == 0 {
            output.warning(&format!(
                "what is in {} is not used from now on; `homeport store move` would have taken it along",
                data.path().join(STORE).display()
            ));
        }
        data.set_database(wanted.as_ref())?;
        Ok(store)
    }
}
