//! What waits for one destination: for each recipient only the newest change of each presentity. So an outbox
//! never holds more than there are recipients of presentities, however slow its destination is.
//!
//! Changes of one presentity are not for everybody alike: somebody who is blocked is told offline while the
//! others are told busy. So a change is kept with its own recipients, and replaces an older one only for them.

use super::telling::Telling;
use proto::{CHANGES_MAX, Change, ClientLogin};
use rvp::{Principal, Reach};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Recipients of the parcels that are taken together after which no more are: whoever waits for the first of them is to
/// hear soon.
const RECIPIENTS_ENOUGH: usize = 1_000;

/// A client, and since which epoch this home has its person. It is the same client by whichever of its logins it is
/// reached: one that logged on again before its former login ended listens once.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) login: ClientLogin,
    pub(super) since: u64,
}

impl Client {
    fn key(&self) -> (&Principal, &Reach, u64) {
        (&self.login.principal, &self.login.reach, self.since)
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Client {}

impl Hash for Client {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Client {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Client {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// A change on its way to some recipients at one destination.
#[derive(Debug)]
pub(super) struct Parcel<R> {
    pub(super) change: Arc<Change>,
    /// In their order, each once.
    pub(super) recipients: Vec<R>,
    /// Since which epoch the sender had the presentity; 0 on the way to clients,
    /// which have an epoch each.
    pub(super) epoch: u64,
    /// Dropped when they have been told, or something newer instead.
    pub(super) tellings: Vec<Telling>,
}

/// Changes that wait: by presentity in the order of their names, and of each in the order of versions.
type Waiting<R> = BTreeMap<Principal, BTreeMap<u64, Parcel<R>>>;

/// The outboxes of all destinations `D`, with recipients `R` there.
#[derive(Debug)]
pub(super) struct Outboxes<D, R> {
    /// A destination that is here is being emptied by somebody.
    open: Mutex<HashMap<D, Waiting<R>>>,
}

impl<D, R> Default for Outboxes<D, R> {
    fn default() -> Self {
        Self {
            open: Mutex::new(HashMap::new()),
        }
    }
}

impl<D: Eq + Hash + Clone, R: Ord + Clone> Outboxes<D, R> {
    /// Puts a parcel in. Returns true when nobody empties this outbox yet: then the caller must see to it.
    pub(super) fn put(&self, to: &D, parcel: Parcel<R>) -> bool {
        let mut open = self.lock();
        let begins = !open.contains_key(to);
        merge(open.entry(to.clone()).or_default(), parcel);
        begins
    }

    /// Puts back what could not be sent, unless something newer waits. The outbox stays open.
    pub(super) fn put_back(&self, to: &D, parcel: Parcel<R>) {
        merge(self.lock().entry(to.clone()).or_default(), parcel);
    }

    /// Takes parcels out, as many as are told by one question. None when there is none: then the outbox is closed, and
    /// nobody empties it.
    pub(super) fn take(&self, to: &D) -> Option<Vec<Parcel<R>>> {
        let mut open = self.lock();
        let waiting = open.get_mut(to)?;
        let (mut taken, mut recipients) = (Vec::new(), 0);
        while taken.len() < CHANGES_MAX
            && recipients < RECIPIENTS_ENOUGH
            && let Some(parcel) = take_first(waiting)
        {
            recipients += parcel.recipients.len();
            taken.push(parcel);
        }
        if taken.is_empty() {
            open.remove(to);
            return None;
        }
        Some(taken)
    }

    /// Nobody waits any more for what is in an outbox, which stays there.
    pub(super) fn let_go(&self, to: &D) {
        let mut open = self.lock();
        let waiting = open.get_mut(to).into_iter().flat_map(BTreeMap::values_mut);
        for parcel in waiting.flat_map(BTreeMap::values_mut) {
            parcel.tellings.clear();
        }
    }

    /// Closes an outbox and drops what it holds, untold. Returns how many changes these were.
    pub(super) fn close(&self, to: &D) -> usize {
        let waiting = self.lock().remove(to).unwrap_or_default();
        let parcels = waiting.values().flat_map(BTreeMap::values);
        parcels.inspect(|parcel| parcel.fail()).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<D, Waiting<R>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Ord> Parcel<R> {
    pub(super) fn new(
        change: &Arc<Change>,
        mut recipients: Vec<R>,
        (epoch, tellings): (u64, &[Telling]),
    ) -> Self {
        in_order(&mut recipients);
        Self {
            change: Arc::clone(change),
            recipients,
            epoch,
            tellings: tellings.to_vec(),
        }
    }
}

impl<R> Parcel<R> {
    /// Its recipients were not told, and will not be.
    pub(super) fn fail(&self) {
        self.tellings.iter().for_each(Telling::fail);
    }
}

/// Most are in their order already, each once, or are two that were: a stable sort looks for that.
fn in_order<R: Ord>(recipients: &mut Vec<R>) {
    if recipients.is_sorted_by(|one, next| one < next) {
        return;
    }
    recipients.sort();
    recipients.dedup();
}

fn take_first<R>(waiting: &mut Waiting<R>) -> Option<Parcel<R>> {
    let mut first = waiting.first_entry()?;
    let taken = first.get_mut().pop_first().map(|(_, taken)| taken);
    if first.get().is_empty() {
        first.remove();
    }
    taken
}

/// Whoever waits for an older change that says nothing else waits for the newer one instead.
fn merge<R: Ord + Clone>(waiting: &mut Waiting<R>, mut parcel: Parcel<R>) {
    let (presentity, version) = (parcel.change.presentity.clone(), parcel.change.version);
    let versions = waiting.entry(presentity.clone()).or_default();
    for (_, newer) in versions.range(version + 1..) {
        if covers(&newer.change, &parcel.change) {
            parcel
                .recipients
                .retain(|recipient| newer.recipients.binary_search(recipient).is_err());
        }
    }
    for (_, older) in versions.range_mut(..version) {
        if covers(&parcel.change, &older.change) {
            older
                .recipients
                .retain(|recipient| parcel.recipients.binary_search(recipient).is_err());
        }
    }
    if !parcel.recipients.is_empty() {
        match versions.get_mut(&version) {
            Some(same) => {
                same.recipients.append(&mut parcel.recipients);
                in_order(&mut same.recipients);
                same.tellings.append(&mut parcel.tellings);
            }
            None => drop(versions.insert(version, parcel)),
        }
    }
    versions.retain(|_, parcel| !parcel.recipients.is_empty());
    if versions.is_empty() {
        waiting.remove(&presentity);
    }
}

/// Whether the newer change sets every property that the older one sets.
fn covers(newer: &Change, older: &Change) -> bool {
    older.properties.iter().all(|old| newer.sets(old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rvp::{PresenceState, Property};

    fn change(version: u64, property: Property) -> Change {
        let presentity = Principal::from_address("alice@im.example.com").unwrap();
        Change {
            presentity,
            properties: vec![property],
            version,
        }
    }

    fn state(version: u64, state: PresenceState) -> Change {
        change(version, Property::State(state))
    }

    fn put(outboxes: &Outboxes<u8, &'static str>, change: Change, to: &[&'static str]) -> bool {
        outboxes.put(&1, parcel(change, to))
    }

    fn parcel(change: Change, to: &[&'static str]) -> Parcel<&'static str> {
        Parcel::new(&Arc::new(change), to.to_vec(), (0, &[]))
    }

    fn take(outboxes: &Outboxes<u8, &'static str>) -> Vec<(Change, Vec<&'static str>)> {
        let taken = outboxes.take(&1).unwrap_or_default().into_iter();
        taken
            .map(|each| (Change::clone(&each.change), each.recipients))
            .collect()
    }

    #[test]
    fn a_newer_change_replaces_an_older_one_for_who_is_told_both() {
        let outboxes = Outboxes::default();
        assert!(put(&outboxes, state(1, PresenceState::Away), &["bob", "carol"]));
        assert!(!put(&outboxes, state(2, PresenceState::Busy), &["bob", "carol"]));
        let both = vec!["bob", "carol"];
        assert_eq!(take(&outboxes), [(state(2, PresenceState::Busy), both)]);
        assert_eq!(take(&outboxes), []);
        let begins = put(&outboxes, state(3, PresenceState::Away), &["bob"]);
        assert!(begins, "an emptied outbox begins anew");
    }

    #[test]
    fn nobody_is_told_a_change_that_was_for_others() {
        let outboxes = Outboxes::default();
        put(&outboxes, state(1, PresenceState::Busy), &["bob", "carol"]);
        put(&outboxes, state(2, PresenceState::Offline), &["bob"]);
        put(&outboxes, state(3, PresenceState::Away), &["carol"]);
        let offline = (state(2, PresenceState::Offline), vec!["bob"]);
        let away = (state(3, PresenceState::Away), vec!["carol"]);
        assert_eq!(take(&outboxes), [offline, away]);
    }

    #[test]
    fn parcels_of_one_change_become_one_and_everybody_is_in_it_once() {
        let outboxes = Outboxes::default();
        let busy = || state(1, PresenceState::Busy);
        put(&outboxes, busy(), &["dave", "bob"]);
        put(&outboxes, busy(), &["erin", "dave", "carol"]);
        let all = vec!["bob", "carol", "dave", "erin"];
        assert_eq!(take(&outboxes), [(busy(), all)]);
    }

    #[test]
    fn changes_of_different_properties_do_not_replace_each_other() {
        let outboxes = Outboxes::default();
        let name = change(2, Property::DisplayName("A".into()));
        put(&outboxes, state(1, PresenceState::Busy), &["bob"]);
        put(&outboxes, name.clone(), &["bob"]);
        let busy = (state(1, PresenceState::Busy), vec!["bob"]);
        assert_eq!(take(&outboxes), [busy, (name, vec!["bob"])]);
    }

    #[test]
    fn what_could_not_be_sent_does_not_overtake_what_is_newer() {
        let outboxes = Outboxes::default();
        put(&outboxes, state(1, PresenceState::Away), &["bob", "carol"]);
        let taken = outboxes.take(&1).unwrap();
        put(&outboxes, state(2, PresenceState::Busy), &["bob"]);
        taken.into_iter().for_each(|parcel| outboxes.put_back(&1, parcel));
        let away = (state(1, PresenceState::Away), vec!["carol"]);
        let busy = (state(2, PresenceState::Busy), vec!["bob"]);
        assert_eq!(take(&outboxes), [away, busy]);
        assert_eq!(take(&outboxes), []);
        assert_eq!(outboxes.close(&1), 0);
    }

    #[test]
    fn as_many_are_taken_as_one_question_takes_or_until_there_are_many_recipients() {
        let outboxes = Outboxes::default();
        for number in 0..CHANGES_MAX + 1 {
            let presentity = Principal::from_address(&format!("p{number}@im.example.com")).unwrap();
            let change = Change {
                presentity,
                ..state(1, PresenceState::Busy)
            };
            outboxes.put(&1, Parcel::new(&Arc::new(change), vec![number], (0, &[])));
        }
        let taken = || outboxes.take(&1).map(|taken| taken.len());
        assert_eq!([taken(), taken(), taken()], [Some(CHANGES_MAX), Some(1), None]);
        for (version, name) in [(1, "A"), (2, "B"), (3, "C")] {
            let property = if version == 2 {
                Property::State(PresenceState::Busy)
            } else {
                Property::DisplayName(name.into())
            };
            let many = (0..RECIPIENTS_ENOUGH)
                .map(|each| each + RECIPIENTS_ENOUGH * version as usize)
                .collect();
            outboxes.put(
                &1,
                Parcel::new(&Arc::new(change(version, property)), many, (0, &[])),
            );
        }
        assert_eq!(
            [taken(), taken(), taken(), taken()],
            [Some(1), Some(1), Some(1), None]
        );
    }

    #[test]
    fn nobody_waits_for_any_of_what_is_let_go() {
        let outboxes = Outboxes::default();
        let mut told = Vec::new();
        for (version, who) in [(1, "bob"), (2, "carol")] {
            let (telling, ended) = Telling::new();
            let mut parcel = parcel(state(version, PresenceState::Busy), &[who]);
            parcel.tellings.push(telling);
            outboxes.put(&1, parcel);
            told.push(ended);
        }
        outboxes.let_go(&2);
        assert!(told.iter_mut().all(|told| told.try_recv().is_err()));
        outboxes.let_go(&1);
        assert!(told.iter_mut().all(|told| told.try_recv() == Ok(true)));
        assert_eq!(outboxes.close(&1), 2, "it is still there");
    }

    #[test]
    fn whoever_was_told_something_newer_counts_as_told_and_what_is_dropped_does_not() {
        let outboxes = Outboxes::default();
        let (telling, mut replaced) = Telling::new();
        let (later, mut dropped) = Telling::new();
        for (version, telling) in [(1, telling), (2, later)] {
            let mut parcel = parcel(state(version, PresenceState::Busy), &["bob"]);
            parcel.tellings.push(telling);
            outboxes.put(&1, parcel);
        }
        assert_eq!(replaced.try_recv(), Ok(true));
        assert!(dropped.try_recv().is_err());
        assert_eq!(outboxes.close(&1), 1);
        assert_eq!(dropped.try_recv(), Ok(false));
    }
}
