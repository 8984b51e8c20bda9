//! What recipients were handed a moment ago, and on which way: watchers by their home, clients by their router.
//!
//! Of each property only the newest value is kept: whatever comes later and is older, because it waited for a home or
//! router that could not be reached, is not handed over any more. To hear of a state twice does no harm, to hear of an
//! older one last does.
//!
//! A router keeps changes only in memory until clients have taken them, so when it is lost its clients may not have
//! heard; they are told again through another one. Messages are not here: their senders wait for an outcome.

use proto::Change;
use rvp::Property;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a change waits at a router for a client that answers, and than one waits for a router.
const KEPT: Duration = Duration::from_secs(10);
/// Changes that are kept over all recipients; beyond this the oldest are forgotten.
const KEPT_MAX: usize = 65_536;

/// What recipients `R` were handed.
#[derive(Debug)]
pub(super) struct Recent<R> {
    state: Mutex<State<R>>,
}

#[derive(Debug)]
struct State<R> {
    by_recipient: HashMap<R, Vec<Handed>>,
    /// When which recipient was handed something, oldest first.
    order: VecDeque<(Instant, R)>,
}

/// A change that a recipient was handed. There is one for each watcher of whoever changed, so that all of them have one
/// and the same change in common until something newer replaces a part of it.
#[derive(Debug)]
struct Handed {
    at: Instant,
    way: Arc<str>,
    change: Arc<Change>,
}

impl<R> Default for Recent<R> {
    fn default() -> Self {
        let state = State {
            by_recipient: HashMap::new(),
            order: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<R: Eq + Hash + Ord + Clone> Recent<R> {
    /// A change is handed over for these recipients on a way, a home or a router.
    pub(super) fn put(&self, way: &str, change: &Change, recipients: Vec<R>) {
        let now = Instant::now();
        let (way, shared) = (Arc::from(way), Arc::new(change.clone()));
        let mut state = self.lock();
        for recipient in recipients {
            state.forget(now);
            let handed = state.by_recipient.entry(recipient.clone()).or_default();
            for older in handed.iter_mut() {
                if older.is_replaced_by(change) {
                    Arc::make_mut(&mut older.change)
                        .properties
                        .retain(|old| !change.sets(old));
                }
            }
            handed.retain(|older| !older.change.properties.is_empty());
            handed.push(Handed {
                at: now,
                way: Arc::clone(&way),
                change: Arc::clone(&shared),
            });
            state.order.push_back((now, recipient));
        }
    }

    /// What of a change is not older than what these recipients were handed, and for whom.
    pub(super) fn news<'a>(
        &self,
        change: &Change,
        recipients: impl IntoIterator<Item = &'a R>,
    ) -> Vec<(Change, Vec<R>)>
    where
        R: 'a,
    {
        let state = self.lock();
        let mut news: Vec<(Change, Vec<R>)> = Vec::new();
        for recipient in recipients {
            let handed = state.by_recipient.get(recipient).into_iter().flatten();
            let newer = |each: &&Handed| each.is_of(change) && each.change.version > change.version;
            let newer: Vec<&Handed> = handed.filter(newer).collect();
            let is_left = |property: &&Property| !newer.iter().any(|each| each.change.sets(property));
            let left = || change.properties.iter().filter(is_left);
            match news.iter_mut().find(|(same, _)| left().eq(&same.properties)) {
                Some((_, recipients)) => recipients.push(recipient.clone()),
                None if left().next().is_none() => {}
                None => {
                    let part = Change {
                        presentity: change.presentity.clone(),
                        properties: left().cloned().collect(),
                        version: change.version,
                    };
                    news.push((part, vec![recipient.clone()]));
                }
            }
        }
        news
    }

    /// On which way a recipient was handed something last.
    pub(super) fn way_of(&self, recipient: &R) -> Option<Arc<str>> {
        let (state, now) = (self.lock(), Instant::now());
        let last = state.by_recipient.get(recipient)?.last()?;
        (last.at + KEPT >= now).then(|| Arc::clone(&last.way))
    }

    /// A way is lost: what was handed over on it a moment ago, in that order.
    pub(super) fn on(&self, way: &str) -> Vec<(Change, R)> {
        let now = Instant::now();
        let state = self.lock();
        let mut taken = Vec::new();
        for (recipient, handed) in &state.by_recipient {
            let lost = handed
                .iter()
                .filter(|each| *each.way == *way && each.at + KEPT >= now);
            taken.extend(lost.map(|each| {
                (
                    each.at,
                    each.change.version,
                    Change::clone(&each.change),
                    recipient.clone(),
                )
            }));
        }
        drop(state);
        taken.sort_by(|a, b| (a.0, a.1, &a.3).cmp(&(b.0, b.1, &b.3)));
        taken
            .into_iter()
            .map(|(_, _, change, recipient)| (change, recipient))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Eq + Hash> State<R> {
    /// Forgets what was handed over long ago, and the oldest where there is too much.
    fn forget(&mut self, now: Instant) {
        while let Some((at, recipient)) = self.order.pop_front() {
            if at + KEPT >= now && self.order.len() + 1 < KEPT_MAX {
                return self.order.push_front((at, recipient));
            }
            if let Entry::Occupied(mut handed) = self.by_recipient.entry(recipient) {
                handed.get_mut().retain(|each| each.at > at);
                if handed.get().is_empty() {
                    handed.remove();
                }
            }
        }
    }
}

impl Handed {
    fn is_of(&self, change: &Change) -> bool {
        self.change.presentity == change.presentity
    }

    /// Whether a part of it is no news any more.
    fn is_replaced_by(&self, change: &Change) -> bool {
        let replaced = |old| change.sets(old);
        self.is_of(change)
            && self.change.version <= change.version
            && self.change.properties.iter().any(replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::super::outbox::Client;
    use super::*;
    use proto::ClientLogin;
    use rvp::{PresenceState, Principal, Reach, SubscriptionId};

    fn change(version: u64, property: Property) -> Change {
        Change {
            presentity: Principal::from_address("alice@im.example.com").unwrap(),
            properties: vec![property],
            version,
        }
    }

    fn busy(version: u64) -> Change {
        change(version, Property::State(PresenceState::Busy))
    }

    fn name(version: u64) -> Change {
        change(version, Property::DisplayName("Alice".to_owned()))
    }

    fn client(number: u32) -> Client {
        listening(number, 1)
    }

    fn listening(number: u32, login: u32) -> Client {
        let login = ClientLogin {
            principal: Principal::from_address("bob@im.example.com").unwrap(),
            login: SubscriptionId::new(login).unwrap(),
            reach: Reach::parse(&format!("http://192.0.2.1:1/{number}")).unwrap(),
        };
        Client { login, since: 1 }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_handed_over_long_ago_is_forgotten() {
        let recent = Recent::default();
        recent.put("r-1", &busy(3), vec![client(1)]);
        tokio::time::advance(KEPT).await;
        assert_eq!(recent.news(&busy(2), &[client(1)]), []);
        recent.put("r-1", &name(4), vec![client(1)]);
        tokio::time::advance(Duration::from_secs(1)).await;
        recent.put("r-2", &name(5), vec![client(2)]);
        assert_eq!(recent.on("r-1"), [(name(4), client(1))]);
        assert_eq!(recent.news(&busy(2), &[client(1)]).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_bounded() {
        let recent = Recent::default();
        for login in 1..=u32::try_from(KEPT_MAX).unwrap() + 7 {
            recent.put("r-1", &busy(1), vec![client(login)]);
        }
        assert_eq!(recent.on("r-1").len(), KEPT_MAX);
        assert_eq!(recent.lock().order.len(), KEPT_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_newest_is_told_again_and_by_the_last_router_only() {
        let recent = Recent::default();
        recent.put("r-1", &busy(1), vec![client(1)]);
        recent.put("r-1", &name(2), vec![client(1)]);
        recent.put("r-2", &busy(3), vec![client(1)]);
        assert_eq!(recent.on("r-1"), [(name(2), client(1))]);
        assert_eq!(recent.on("r-2"), [(busy(3), client(1))]);
        assert_eq!(recent.way_of(&client(1)).as_deref(), Some("r-2"));
        tokio::time::advance(KEPT + Duration::from_millis(1)).await;
        assert_eq!(recent.way_of(&client(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_logged_on_again_is_the_same_client() {
        let recent = Recent::default();
        recent.put("r-1", &busy(1), vec![listening(1, 7)]);
        recent.put("r-2", &busy(2), vec![listening(1, 8)]);
        assert_eq!(recent.on("r-1"), []);
        assert_eq!(recent.news(&busy(1), &[listening(1, 9)]), []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_what_a_client_was_handed_is_no_news() {
        let recent = Recent::default();
        recent.put("r-1", &busy(3), vec![client(1)]);
        let mut both = busy(2);
        both.properties.extend(name(2).properties);
        let clients = [client(1), client(2)];
        assert_eq!(
            recent.news(&both, &clients),
            [(name(2), vec![client(1)]), (both.clone(), vec![client(2)])]
        );
        assert_eq!(recent.news(&busy(2), &clients), [(busy(2), vec![client(2)])]);
        assert_eq!(recent.news(&busy(3), &[client(1)]).len(), 1, "tried again");
        assert_eq!(recent.news(&busy(4), &[client(1)]).len(), 1);
    }
}
