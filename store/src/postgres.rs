//! The store in a PostgreSQL database, for home servers on many machines.
//!
//! Everything is in the schema `homeport`, so that the database may hold other things too. What many people change
//! at one time goes in one statement for each kind of change, with a column of values each. A commit returns when
//! the database's disk has it.
//!
//! A database that starts anew leaves connections behind that are dead, which shows when they are used: then
//! another is tried, or made within the few seconds that a call waits for one.

mod accounts;
mod apply;
mod archive;
mod claims;
mod contacts;
mod copy;
mod failure;
mod messages;
mod open;
mod people;

use crate::{
    Account, AccountChange, Archived, Chain, Claim, Contact, Durable, Error, Fenced, KeptMessage, Move, Put,
    Store, Write,
};
use accounts::Which;
use async_trait::async_trait;
use failure::Failure;
use rvp::{Domain, Principal};
use sqlx::{PgPool, Postgres, Transaction};
use std::collections::BTreeSet;
use std::fmt;
use std::time::SystemTime;

/// How often something is begun: each connection may turn out to be dead, and one more is new.
const ATTEMPTS: u32 = open::CONNECTIONS + 2;

/// Where a database is, and who enters it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresConfig {
    /// `postgres://USER@HOST:PORT/DATABASE`, with what else a connection needs behind a `?`: `sslmode=verify-full`,
    /// `sslrootcert=FILE`, or `host=FOLDER` for a socket.
    pub url: String,
    /// The password, if it is neither in the address nor in `PGPASSWORD`.
    pub password: Option<String>,
}

impl PostgresConfig {
    /// Whether an address contains a password, which belongs where nobody sees it.
    #[must_use]
    pub fn has_password(url: &str) -> bool {
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        let place = place.split_once("://").map_or(place, |(_, place)| place);
        let who = place.rsplit_once('@').map(|(who, _)| who);
        who.is_some_and(|who| who.contains(':'))
            || parameters.split('&').any(|one| one.starts_with("password="))
    }

    /// Whether a text is the address of a PostgreSQL database rather than a path.
    #[must_use]
    pub fn is_address(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither of the fields: the address may contain a password too.
        f.debug_struct("PostgresConfig").finish_non_exhaustive()
    }
}

/// A store in a PostgreSQL database.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    /// The address without the password.
    name: String,
    pool: PgPool,
}

impl PostgresStore {
    /// Connects, and brings the database to the newest schema.
    ///
    /// # Errors
    /// [`Error::BadAddress`], [`Error::Unreachable`], [`Error::NotAdmitted`], [`Error::NoSuchDatabase`],
    /// [`Error::ReadOnly`], [`Error::Corrupt`], [`Error::Unavailable`]; and for a database that is left as it is
    /// [`Error::Foreign`], [`Error::NewerSchema`].
    pub async fn open(config: &PostgresConfig) -> Result<Self, Error> {
        let (options, name) = open::options(config)?;
        let explain = |failure: Failure| failure.explain(&name);
        open::prepare(&options, &name).await.map_err(explain)?;
        let pool = open::connect(options)
            .await
            .map_err(|error| explain(error.into()))?;
        Ok(Self { name, pool })
    }

    /// Waits for what is under way and closes the connections. Whatever is asked afterwards is
    /// [`Error::Unreachable`]. Dropping the store loses nothing either.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that sees what others commit while it runs, as soon as it has their locks.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, Failure> {
        Ok(self.pool.begin().await?)
    }

    /// A transaction that reads one moment's truth.
    async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, Failure> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(self.pool.begin_with(SNAPSHOT).await?)
    }

    async fn try_claim(&self, claim: &Claim, slots: &[i64]) -> Result<Vec<Durable>, Failure> {
        let mut transaction = self.begin().await?;
        // With accounts held and the slots claimed nothing of these people can change any more.
        accounts::hold(&mut transaction).await?;
        claims::claim(&mut transaction, claim, slots).await?;
        let people = people::load(&mut transaction, Which::InSlots(slots)).await?;
        commit(transaction).await?;
        Ok(people)
    }

    async fn try_write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Failure> {
        let mut transaction = self.begin().await?;
        let fenced = claims::fenced(&mut transaction, writes).await?;
        let ours: Vec<&Write> = writes
            .iter()
            .filter(|write| write.fence(&fenced).is_none())
            .collect();
        apply::writes(&mut transaction, &ours).await?;
        commit(transaction).await?;
        Ok(fenced)
    }

    async fn try_put(&self, account: &Account, slot: u16, put: Put) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        accounts::put(&mut transaction, account, slot, put).await?;
        commit(transaction).await
    }

    async fn try_remove(&self, principal: &Principal) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        accounts::remove(&mut transaction, principal).await?;
        commit(transaction).await
    }

    async fn try_put_contacts(&self, principal: &Principal, list: &[Contact]) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        contacts::put_of(&mut transaction, principal, list).await?;
        commit(transaction).await
    }

    async fn try_keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Failure> {
        let mut transaction = self.begin().await?;
        let taken = claims::keep(&mut transaction, claim, held).await?;
        commit(transaction).await?;
        Ok(taken)
    }

    async fn try_purge(&self, domain: &Domain, before: SystemTime) -> Result<u64, Failure> {
        let mut transaction = self.begin().await?;
        let purged = archive::purge(&mut transaction, domain, before).await?;
        commit(transaction).await?;
        Ok(purged)
    }

    async fn try_changes(&self, after: u64) -> Result<(u64, Vec<AccountChange>), Failure> {
        let mut snapshot = self.snapshot().await?;
        let newest = accounts::revision(&mut snapshot).await?;
        Ok((newest, accounts::changes(&mut snapshot, after).await?))
    }

    async fn try_accounts(&self) -> Result<Vec<Account>, Failure> {
        let found = accounts::load(&mut *self.snapshot().await?, Which::All).await?;
        Ok(found.into_iter().map(|found| found.account).collect())
    }
}

/// Commits. If the answer is lost nobody knows whether it has happened, so that it must not be tried again.
async fn commit(transaction: Transaction<'static, Postgres>) -> Result<(), Failure> {
    transaction.commit().await.map_err(Failure::Undecided)
}

/// Does something again for as long as another connection may help.
macro_rules! patiently {
    ($store:expr, $attempt:expr) => {{
        let mut attempt = 1;
        loop {
            match $attempt.await {
                Err(failure) if failure.may_pass() && attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome.map_err(|failure: Failure| failure.explain(&$store.name)),
            }
        }
    }};
}

#[async_trait]
impl Store for PostgresStore {
    async fn claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Error> {
        // In order, and each once.
        let slots: BTreeSet<i64> = slots.iter().copied().map(i64::from).collect();
        let slots: Vec<i64> = slots.into_iter().collect();
        if slots.is_empty() {
            Ok(Vec::new())
        } else {
            patiently!(self, self.try_claim(claim, &slots))
        }
    }

    async fn keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Error> {
        patiently!(self, self.try_keep(claim, held))
    }

    async fn epoch(&self) -> Result<u64, Error> {
        patiently!(self, async { claims::epoch(&mut *self.snapshot().await?).await })
    }

    async fn moves(&self, slot: u16) -> Result<Vec<Move>, Error> {
        patiently!(self, async {
            claims::moves(&mut *self.snapshot().await?, slot).await
        })
    }

    async fn load(&self, people: &[Principal]) -> Result<Vec<Durable>, Error> {
        let people: Vec<&str> = people.iter().map(Principal::as_url).collect();
        let these = Which::These(&people);
        patiently!(self, async {
            people::load(&mut *self.snapshot().await?, these).await
        })
    }

    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error> {
        if writes.is_empty() {
            Ok(Vec::new())
        } else {
            patiently!(self, self.try_write(writes))
        }
    }

    async fn kept(&self, principal: &Principal, after: u64, limit: u32) -> Result<Vec<KeptMessage>, Error> {
        patiently!(self, async {
            people::waiting(&mut *self.snapshot().await?, principal, after, limit).await
        })
    }

    async fn archives(&self) -> Result<Vec<Chain>, Error> {
        patiently!(self, async {
            archive::chains(&mut *self.snapshot().await?).await
        })
    }

    async fn archive(&self, domain: &Domain, after: u64, limit: u32) -> Result<Vec<Archived>, Error> {
        patiently!(self, async {
            archive::entries(&mut *self.snapshot().await?, domain, after, limit).await
        })
    }

    async fn purge_archive(&self, domain: &Domain, before: SystemTime) -> Result<u64, Error> {
        patiently!(self, self.try_purge(domain, before))
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        patiently!(self, self.try_accounts())
    }

    async fn put_account(&self, account: &Account, slot: u16, put: Put) -> Result<(), Error> {
        patiently!(self, self.try_put(account, slot, put))
    }

    async fn remove_account(&self, principal: &Principal) -> Result<(), Error> {
        patiently!(self, self.try_remove(principal))
    }

    async fn put_contacts(&self, principal: &Principal, contacts: &[Contact]) -> Result<(), Error> {
        patiently!(self, self.try_put_contacts(principal, contacts))
    }

    async fn changes_since(&self, revision: u64) -> Result<(u64, Vec<AccountChange>), Error> {
        patiently!(self, self.try_changes(revision))
    }

    async fn revision(&self) -> Result<u64, Error> {
        patiently!(self, async {
            accounts::revision(&mut *self.snapshot().await?).await
        })
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

/// A text as PostgreSQL takes it: without the one character that it has none of.
fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
