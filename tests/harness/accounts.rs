//! The people of a cluster: accounts, and names that live where a test wants them.

use anyhow::Context;
use md5::{Digest, Md5};
use membership::{Member, Members, Phase, Placement, Slot};
use rvp::{Domain, Principal};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Account, DigestSecret, LegacyNames, LegacySecrets, Put, Secrets, Store};

/// The host in everybody's address.
pub const DOMAIN: &str = "im.example.com";
/// The Windows domain of all accounts.
pub const NT_DOMAIN: &str = "EXAMPLE";
/// Everybody's password.
pub const PASSWORD: &str = "s3cret & K\u{e4}se";
/// The capacity of a home server.
pub const CAPACITY: u32 = 10_000;
/// Names tried until one lives where it should.
const TRIES: usize = 1_000;

/// The placement of these home servers. It depends on names and capacities only, not on addresses.
fn planned(homes: &[String]) -> Placement {
    let member = |name: &String| Member {
        phase: Phase::Active,
        ..Member::new(name.as_str().into(), "127.0.0.1:1", "inside", CAPACITY)
    };
    Placement::new(Arc::new(Members::new(1, homes.iter().map(member))))
}

/// Everybody's accounts. They are made and changed in the store, as an operator does it, behind the back of whatever
/// runs.
pub struct Accounts {
    store: Arc<dyn Store>,
    made: BTreeMap<Principal, Account>,
    /// Derived once: making a verifier takes its time by intention.
    secrets: Option<Secrets>,
    /// Who lives where while everything of the plan runs.
    planned: Placement,
}

impl Accounts {
    /// No accounts yet, in this store, for these home servers.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, homes: &[String]) -> Self {
        Self {
            store,
            made: BTreeMap::new(),
            secrets: None,
            planned: planned(homes),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Another store from now on, with the same accounts: its file was opened anew.
    pub(crate) fn set_store(&mut self, store: Arc<dyn Store>) {
        self.store = store;
    }

    /// A person of this name, or of the name with a number, who lives on this home server, or anywhere. The
    /// placement is that of the whole plan, whatever runs at the moment.
    ///
    /// # Errors
    /// When there is no such home server.
    pub fn principal(&self, name: &str, home: Option<&str>) -> anyhow::Result<Principal> {
        let domain = Domain::parse(DOMAIN)?;
        let Some(home) = home else {
            return Ok(Principal::new(&domain, name)?);
        };
        let numbered = |number: usize| {
            if number == 1 {
                name.to_owned()
            } else {
                format!("{name}-{number}")
            }
        };
        let mut candidates = (1..=TRIES).filter_map(|number| Principal::new(&domain, &numbered(number)).ok());
        candidates
            .find(|person| {
                self.planned
                    .home_of(person)
                    .is_some_and(|member| member.id.as_str() == home)
            })
            .with_context(|| format!("nobody called {name} lives on {home}; is it in the plan?"))
    }

    /// The home server where a person lives while everything runs.
    #[must_use]
    pub fn planned_home(&self, person: &Principal) -> Option<String> {
        self.planned.home_of(person).map(|member| member.id.to_string())
    }

    /// Makes an account, with Digest and NTLM allowed, unless there is one.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn add(&mut self, person: &Principal, display_name: &str) -> anyhow::Result<()> {
        if self.made.contains_key(person) {
            return Ok(());
        }
        let names = LegacyNames {
            principal: person.clone(),
            nt_domain: NT_DOMAIN.to_owned(),
        };
        let account = Account {
            principal: person.clone(),
            display_name: display_name.to_owned(),
            email: format!("{}@example.com", person.name()),
            disabled: false,
            secrets: self.secrets(&names)?,
        };
        self.store
            .put_account(&account, Slot::of(person).number(), Put::New)
            .await
            .context("make an account")?;
        self.made.insert(person.clone(), account);
        Ok(())
    }

    /// Disables or enables an account, as an operator does: in the store, behind the home server's back.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn set_disabled(&mut self, person: &Principal, disabled: bool) -> anyhow::Result<()> {
        let account = self.made.get_mut(person).context("there is no such account")?;
        account.disabled = disabled;
        let slot = Slot::of(person).number();
        self.store
            .put_account(account, slot, Put::Replace)
            .await
            .context("replace an account")
    }

    /// Gives somebody another password, as an operator does.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn set_password(&mut self, person: &Principal, password: &str) -> anyhow::Result<()> {
        let account = self.made.get_mut(person).context("there is no such account")?;
        account.secrets = Secrets::derive(password, None)?;
        let slot = Slot::of(person).number();
        self.store
            .put_account(account, slot, Put::Replace)
            .await
            .context("replace an account")
    }

    /// Removes an account with everything that belongs to the person.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn remove(&mut self, person: &Principal) -> anyhow::Result<()> {
        self.made.remove(person).context("there is no such account")?;
        self.store
            .remove_account(person)
            .await
            .context("remove an account")
    }

    fn secrets(&mut self, names: &LegacyNames) -> anyhow::Result<Secrets> {
        let Some(Secrets {
            scram,
            legacy: Some(legacy),
        }) = &self.secrets
        else {
            let secrets = Secrets::derive(PASSWORD, Some(names))?;
            self.secrets = Some(secrets.clone());
            return Ok(secrets);
        };
        let realm = names.principal.domain_str();
        let secret = |username: String| {
            let ha1 = Md5::digest(format!("{username}:{realm}:{PASSWORD}")).into();
            DigestSecret { username, ha1 }
        };
        let digest = names.spellings().into_iter().map(secret).collect();
        let legacy = LegacySecrets {
            nt_hash: legacy.nt_hash,
            digest,
        };
        Ok(Secrets {
            scram: scram.clone(),
            legacy: Some(legacy),
        })
    }
}
