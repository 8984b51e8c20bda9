//! What clients were handed a moment ago, and by which router. A router keeps changes only in memory until clients have
//! taken them, so when it is lost its clients may not have heard; they are told again through another one.
//!
//! Of each property only the newest value is kept: whatever comes later and is older, because it waited for a router
//! that could not be reached, is not handed over any more. To hear of a state twice does no harm, to hear of an older
//! one last does. Messages are not here: their senders wait for an outcome.

use super::outbox::Client;
use proto::Change;
use rvp::Property;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a change waits at a router for a client that answers, and than one waits for a router.
const KEPT: Duration = Duration::from_secs(10);
/// Changes that are kept over all clients; beyond this the oldest are forgotten.
const KEPT_MAX: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Recent {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_client: HashMap<Client, Vec<Handed>>,
    /// When which client was handed something, oldest first.
    order: VecDeque<(Instant, Client)>,
}

/// A change that a client was handed.
#[derive(Debug)]
struct Handed {
    at: Instant,
    router: String,
    change: Change,
}

impl Recent {
    /// A router was handed a change for these clients.
    pub(super) fn put(&self, router: &str, change: &Change, clients: Vec<Client>) {
        let now = Instant::now();
        let mut state = self.lock();
        for client in clients {
            state.forget(now);
            let handed = state.by_client.entry(client.clone()).or_default();
            for older in handed.iter_mut() {
                if older.is_of(change) && older.change.version <= change.version {
                    older.change.properties.retain(|old| !sets(change, old));
                }
            }
            handed.retain(|older| !older.change.properties.is_empty());
            handed.push(Handed {
                at: now,
                router: router.to_owned(),
                change: change.clone(),
            });
            state.order.push_back((now, client));
        }
    }

    /// What of a change is not older than what these clients were handed, and for whom.
    pub(super) fn news<'a>(
        &self,
        change: &Change,
        clients: impl IntoIterator<Item = &'a Client>,
    ) -> Vec<(Change, Vec<Client>)> {
        let state = self.lock();
        let mut news: Vec<(Change, Vec<Client>)> = Vec::new();
        for client in clients {
            let mut left = change.clone();
            for newer in state.by_client.get(client).into_iter().flatten() {
                if newer.is_of(change) && newer.change.version > change.version {
                    left.properties.retain(|old| !sets(&newer.change, old));
                }
            }
            match news.iter_mut().find(|(same, _)| *same == left) {
                Some((_, clients)) => clients.push(client.clone()),
                None if left.properties.is_empty() => {}
                None => news.push((left, vec![client.clone()])),
            }
        }
        news
    }

    /// A router is lost: what it was handed a moment ago, in that order.
    pub(super) fn take(&self, router: &str) -> Vec<(Change, Client)> {
        let now = Instant::now();
        let state = self.lock();
        let mut taken = Vec::new();
        for (client, handed) in &state.by_client {
            let lost = handed
                .iter()
                .filter(|each| each.router == router && each.at + KEPT >= now);
            taken
                .extend(lost.map(|each| (each.at, each.change.version, each.change.clone(), client.clone())));
        }
        drop(state);
        taken.sort_by(|a, b| (a.0, a.1, &a.3).cmp(&(b.0, b.1, &b.3)));
        taken
            .into_iter()
            .map(|(_, _, change, client)| (change, client))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets what was handed over long ago, and the oldest where there is too much.
    fn forget(&mut self, now: Instant) {
        while let Some((at, client)) = self.order.pop_front() {
            if at + KEPT >= now && self.order.len() + 1 < KEPT_MAX {
                return self.order.push_front((at, client));
            }
            if let Entry::Occupied(mut handed) = self.by_client.entry(client) {
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
}

fn sets(change: &Change, property: &Property) -> bool {
    change.properties.iter().any(|set| set.name() == property.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::ClientLogin;
    use rvp::{ClientUrl, PresenceState, Principal, SubscriptionId};

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

    fn client(login: u32) -> Client {
        let login = ClientLogin {
            principal: Principal::from_address("bob@im.example.com").unwrap(),
            login: SubscriptionId::new(login).unwrap(),
            call_back: ClientUrl::parse("http://192.0.2.1:1/").unwrap(),
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
        assert_eq!(recent.take("r-1"), [(name(4), client(1))]);
        assert_eq!(recent.news(&busy(2), &[client(1)]).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_bounded() {
        let recent = Recent::default();
        for login in 1..=u32::try_from(KEPT_MAX).unwrap() + 7 {
            recent.put("r-1", &busy(1), vec![client(login)]);
        }
        assert_eq!(recent.take("r-1").len(), KEPT_MAX);
        assert_eq!(recent.lock().order.len(), KEPT_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_newest_is_told_again_and_by_the_last_router_only() {
        let recent = Recent::default();
        recent.put("r-1", &busy(1), vec![client(1)]);
        recent.put("r-1", &name(2), vec![client(1)]);
        recent.put("r-2", &busy(3), vec![client(1)]);
        assert_eq!(recent.take("r-1"), [(name(2), client(1))]);
        assert_eq!(recent.take("r-2"), [(busy(3), client(1))]);
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
