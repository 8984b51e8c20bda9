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
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a change waits at a router for a client that answers, and than one waits for a router.
pub(super) const KEPT: Duration = Duration::from_secs(10);
/// Changes that are kept over all recipients: at least that many of the newest, and at most twice as many.
const KEPT_MAX: usize = 65_536;

/// What recipients `R` were handed.
#[derive(Debug)]
pub(super) struct Recent<R> {
    state: Mutex<State<R>>,
}

/// Two generations, of which the elder is forgotten as a whole: so nothing is written down only to know what to forget
/// when.
#[derive(Debug)]
struct State<R> {
    young: Generation<R>,
    elder: Generation<R>,
    /// When the young one began.
    began: Instant,
    /// How much the young one was handed.
    handed: usize,
}

type Generation<R> = HashMap<R, Vec<Arc<Handed>>>;

/// A change that recipients were handed. They have it in common, until something newer replaces a part of it for one of
/// them.
#[derive(Clone, Debug)]
struct Handed {
    at: Instant,
    way: Arc<str>,
    change: Change,
}

impl<R> Default for Recent<R> {
    fn default() -> Self {
        let state = State {
            young: HashMap::new(),
            elder: HashMap::new(),
            began: Instant::now(),
            handed: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<R: Eq + Hash + Ord + Clone> Recent<R> {
    /// A change is handed over for these recipients on a way, a home or a router.
    pub(super) fn put(&self, way: &str, change: &Change, recipients: &[R]) {
        let now = Instant::now();
        let handed = Arc::new(Handed {
            at: now,
            way: Arc::from(way),
            change: change.clone(),
        });
        let mut state = self.lock();
        for recipient in recipients {
            state.put(&handed, recipient);
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
        let (state, now) = (self.lock(), Instant::now());
        let mut news: Vec<(Change, Vec<R>)> = Vec::new();
        for recipient in recipients {
            let handed = state.of(recipient, now);
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
        let last = state.of(recipient, now).last()?;
        Some(Arc::clone(&last.way))
    }

    /// A way is lost: what was handed over on it a moment ago, in that order.
    pub(super) fn on(&self, way: &str) -> Vec<(Change, R)> {
        let (state, now) = (self.lock(), Instant::now());
        let mut taken = Vec::new();
        for (recipient, handed) in state.elder.iter().chain(&state.young) {
            let lost = handed
                .iter()
                .filter(|each| *each.way == *way && each.is_kept(now));
            taken.extend(lost.map(|each| (Arc::clone(each), recipient.clone())));
        }
        drop(state);
        let key = |(handed, _): &(Arc<Handed>, R)| (handed.at, handed.change.version);
        taken.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.1.cmp(&b.1)));
        taken
            .into_iter()
            .map(|(handed, recipient)| (handed.change.clone(), recipient))
            .collect()
    }

    /// As little is held as is needed, also when nobody is handed anything any more.
    pub(super) fn forget(&self) {
        self.lock().age(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Eq + Hash + Clone> State<R> {
    fn put(&mut self, handed: &Arc<Handed>, recipient: &R) {
        self.age(handed.at);
        if let Some(before) = self.elder.get_mut(recipient) {
            replace(before, &handed.change);
            if before.is_empty() {
                self.elder.remove(recipient);
            }
        }
        if let Some(before) = self.young.get_mut(recipient) {
            replace(before, &handed.change);
            before.push(Arc::clone(handed));
        } else {
            self.young.insert(recipient.clone(), vec![Arc::clone(handed)]);
        }
        self.handed += 1;
    }

    /// The elder generation is forgotten when nothing of it is needed any more, or there is too much of the young.
    fn age(&mut self, now: Instant) {
        if self.began + KEPT >= now && self.handed < KEPT_MAX {
            return;
        }
        self.elder = std::mem::take(&mut self.young);
        if self.began + 2 * KEPT < now {
            self.elder = HashMap::new();
        }
        (self.began, self.handed) = (now, 0);
    }

    /// What a recipient was handed a moment ago, the oldest first.
    fn of(&self, recipient: &R, now: Instant) -> impl Iterator<Item = &Handed> {
        let generations = [&self.elder, &self.young].into_iter();
        let handed = generations
            .filter_map(move |generation| generation.get(recipient))
            .flatten();
        handed.map(Arc::as_ref).filter(move |each| each.is_kept(now))
    }
}

/// Leaves out what is no news any more.
fn replace(before: &mut Vec<Arc<Handed>>, change: &Change) {
    before.retain_mut(|older| {
        if !older.is_replaced_by(change) {
            return true;
        }
        let left = older.change.properties.iter().any(|old| !change.sets(old));
        if left {
            Arc::make_mut(older)
                .change
                .properties
                .retain(|old| !change.sets(old));
        }
        left
    });
}

impl Handed {
    fn is_kept(&self, now: Instant) -> bool {
        self.at + KEPT >= now
    }

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
        recent.put("r-1", &busy(3), &[client(1)]);
        tokio::time::advance(KEPT).await;
        assert_eq!(recent.news(&busy(2), &[client(1)]), []);
        recent.put("r-1", &name(4), &[client(1)]);
        tokio::time::advance(Duration::from_secs(1)).await;
        recent.put("r-2", &name(5), &[client(2)]);
        assert_eq!(recent.on("r-1"), [(name(4), client(1))]);
        assert_eq!(recent.news(&busy(2), &[client(1)]).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_bounded() {
        let recent = Recent::default();
        for login in 1..=2 * u32::try_from(KEPT_MAX).unwrap() + 7 {
            recent.put("r-1", &busy(1), &[client(login)]);
        }
        let kept = recent.on("r-1");
        assert_eq!(kept.len(), KEPT_MAX + 7, "the newest, and never twice as many");
        assert!(kept.iter().all(|(_, each)| *each != client(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_held_for_long_when_nobody_is_told_anything_any_more() {
        let recent = Recent::default();
        recent.put("r-1", &busy(1), &[client(1)]);
        let holds = || {
            let state = recent.lock();
            state.young.len() + state.elder.len()
        };
        for held in [1, 0] {
            tokio::time::advance(KEPT + Duration::from_millis(1)).await;
            recent.forget();
            assert_eq!(holds(), held);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_newest_is_told_again_and_by_the_last_router_only() {
        let recent = Recent::default();
        recent.put("r-1", &busy(1), &[client(1)]);
        recent.put("r-1", &name(2), &[client(1)]);
        recent.put("r-2", &busy(3), &[client(1)]);
        assert_eq!(recent.on("r-1"), [(name(2), client(1))]);
        assert_eq!(recent.on("r-2"), [(busy(3), client(1))]);
        assert_eq!(recent.way_of(&client(1)).as_deref(), Some("r-2"));
        tokio::time::advance(KEPT + Duration::from_millis(1)).await;
        assert_eq!(recent.way_of(&client(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_logged_on_again_is_the_same_client() {
        let recent = Recent::default();
        recent.put("r-1", &busy(1), &[listening(1, 7)]);
        recent.put("r-2", &busy(2), &[listening(1, 8)]);
        assert_eq!(recent.on("r-1"), []);
        assert_eq!(recent.news(&busy(1), &[listening(1, 9)]), []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_what_a_client_was_handed_is_no_news() {
        let recent = Recent::default();
        recent.put("r-1", &busy(3), &[client(1)]);
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

    /// What is held for a while of what somebody's twenty contacts have been: those who are told one change have it in
    /// common.
    #[tokio::test(start_paused = true)]
    async fn what_people_were_told_takes_little_memory() {
        const PEOPLE: u32 = 100;
        let person =
            |number: u32| Principal::from_address(&format!("person{number}@im.example.com")).unwrap();
        let people: Vec<Principal> = (0..PEOPLE).map(person).collect();
        let clients: Vec<Client> = (0..PEOPLE).map(client).collect();
        let (homes, routers) = (Recent::default(), Recent::default());
        for (presentity, number) in people.iter().zip(0..) {
            let change = Change {
                presentity: presentity.clone(),
                ..busy(1)
            };
            let watchers = (1..=20).map(|next| ((number + next) % PEOPLE) as usize);
            let told: Vec<usize> = watchers.collect();
            let watchers: Vec<Principal> = told.iter().map(|each| people[*each].clone()).collect();
            let reached: Vec<Client> = told.iter().map(|each| clients[*each].clone()).collect();
            homes.put("home-1", &change, &watchers);
            routers.put("r-1", &change, &reached);
        }
        assert_eq!(routers.on("r-1").len(), 20 * people.len());
        let freed = -allocation_counter::measure(|| drop((homes, routers))).bytes_current;
        let each = freed / i64::from(PEOPLE);
        println!("{each} octets of what somebody with twenty contacts was told");
        assert!((2 * 20 * 8..=TOLD_MAX).contains(&each), "{each}");
    }

    const TOLD_MAX: i64 = 1_050;
}
