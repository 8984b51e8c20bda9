//! What is kept, by who changed, and in slices by when it was handed over.

use super::handed::{Handed, Recipients};
use super::{FORGOTTEN_TOGETHER, FORGOTTEN_TOGETHER_MAX, KEPT, KEPT_MAX};
use foldhash::{HashMap, HashSet};
use proto::Change;
use rvp::Principal;
use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// From so many on it is looked which recipients are still in what is kept.
const LOOKED_THROUGH_FROM: usize = 256;

/// It is forgotten slice by slice: so all that is written down for it is who changed.
#[derive(Debug)]
pub(super) struct State<R> {
    /// From when on time is counted.
    began: Instant,
    /// When something was handed over last, so counted: two are never at the same time.
    newest: u64,
    /// By who changed, the oldest first. As below, people and their clients are hashed once for each who is told, and so
    /// are they quickly.
    pub(super) handed: HashMap<Principal, Vec<Handed<R>>>,
    /// Each recipient once: most are told of many. Those of whom nothing is kept go when as many have come as were there
    /// when that was looked at last.
    pub(super) recipients: HashSet<Arc<R>>,
    /// How many recipients may be here before they are looked through.
    room: usize,
    /// The names of homes or routers, each once. There are few.
    ways: Vec<Arc<str>>,
    /// How those were handed something last who may be told by another.
    pub(super) last: HashMap<Arc<R>, Last>,
    /// The oldest first.
    slices: VecDeque<Slice>,
    /// How much is kept, each change counted as often as it had recipients.
    count: usize,
}

/// When and on which way somebody was handed something last.
#[derive(Debug)]
pub(super) struct Last {
    at: u64,
    way: u32,
}

/// What is forgotten together.
#[derive(Debug)]
struct Slice {
    began: u64,
    /// When the last of it was handed over.
    newest: u64,
    /// Who changed.
    who: Vec<Principal>,
    /// How much it was handed.
    count: usize,
}

impl<R> Default for State<R> {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            newest: 0,
            handed: HashMap::default(),
            recipients: HashSet::default(),
            room: 0,
            ways: Vec::new(),
            last: HashMap::default(),
            slices: VecDeque::new(),
            count: 0,
        }
    }
}

/// What is not kept any more, to be let go where nobody waits for it.
pub(super) struct Forgotten<R> {
    _handed: Vec<Handed<R>>,
    _rest: Option<State<R>>,
}

impl<R: Eq + Hash + Ord + Clone> State<R> {
    pub(super) fn put(
        &mut self,
        now: Instant,
        way: &str,
        change: &Arc<Change>,
        recipients: &[R],
    ) -> Handed<R> {
        self.newest = self.counted(now).max(self.newest + 1);
        self.write_down(&change.presentity, recipients.len());
        let handed = Handed {
            at: self.newest,
            way: self.number_of(way),
            change: Arc::clone(change),
            recipients: self.shared(&change.presentity, recipients),
        };
        if let Some(before) = self.handed.get_mut(&change.presentity) {
            handed.replace(before);
            // Most are told to one or two homes or routers.
            before.reserve_exact(1);
            before.push(handed.clone());
        } else {
            let first = vec![handed.clone()];
            self.handed.insert(change.presentity.clone(), first);
        }
        handed
    }

    pub(super) fn put_last(&mut self, now: Instant, way: &str, change: &Arc<Change>, recipients: &[R]) {
        let put = self.put(now, way, change, recipients);
        let (at, way) = (put.at, put.way);
        let last = put.recipients.iter().map(Arc::clone);
        self.last
            .extend(last.map(|recipient| (recipient, Last { at, way })));
    }

    /// What was handed over a moment ago of somebody's changes.
    pub(super) fn of(&self, presentity: &Principal, now: Instant) -> impl Iterator<Item = &Handed<R>> {
        let handed = self.handed.get(presentity).into_iter().flatten();
        handed.filter(move |each| self.is_kept(each.at, now))
    }

    /// What was handed over a moment ago on a way, in no order.
    pub(super) fn on(&self, way: &str, now: Instant) -> impl Iterator<Item = &Handed<R>> {
        let way = self.ways.iter().position(|known| **known == *way);
        let all = self.handed.values().flatten();
        all.filter(move |each| Some(each.way as usize) == way && self.is_kept(each.at, now))
    }

    pub(super) fn way_of(&self, recipient: &R, now: Instant) -> Option<Arc<str>> {
        let last = self.last.get(recipient)?;
        let way = self.ways.get(last.way as usize)?;
        self.is_kept(last.at, now).then(|| Arc::clone(way))
    }

    fn counted(&self, now: Instant) -> u64 {
        nanoseconds(now.saturating_duration_since(self.began))
    }

    fn is_kept(&self, at: u64, now: Instant) -> bool {
        at.saturating_add(nanoseconds(KEPT)) >= self.counted(now)
    }

    /// Forgets the slices of which nothing is needed any more, and the eldest where there is too much.
    pub(super) fn forget(&mut self, now: Instant) -> Option<Forgotten<R>> {
        let long_ago = self.counted(now).saturating_sub(nanoseconds(KEPT));
        let mut forgotten = Vec::new();
        while let Some(slice) = self
            .slices
            .pop_front_if(|slice| slice.newest < long_ago || self.count - slice.count >= KEPT_MAX)
        {
            self.count -= slice.count;
            for presentity in &slice.who {
                let Some(handed) = self.handed.get_mut(presentity) else {
                    continue;
                };
                forgotten.extend(handed.extract_if(.., |each| each.at <= slice.newest));
                if handed.is_empty() {
                    self.handed.remove(presentity);
                } else {
                    handed.shrink_to_fit();
                }
            }
            self.last.retain(|_, last| last.at > slice.newest);
        }
        if forgotten.is_empty() {
            return None;
        }
        let rest = self.handed.is_empty().then(|| std::mem::take(self));
        shrink(&mut self.handed);
        shrink(&mut self.last);
        Some(Forgotten {
            _handed: forgotten,
            _rest: rest,
        })
    }

    /// Whoever changes again is most often told to the same people.
    fn shared(&mut self, presentity: &Principal, recipients: &[R]) -> Recipients<R> {
        let before = self.handed.get(presentity).into_iter().flatten();
        let is_same = |each: &&Handed<R>| {
            let theirs = each.recipients.iter().map(Arc::as_ref);
            theirs.len() == recipients.len() && theirs.eq(recipients)
        };
        if let Some(same) = before.into_iter().find(is_same) {
            return Arc::clone(&same.recipients);
        }
        recipients.iter().map(|each| self.recipient(each)).collect()
    }

    fn recipient(&mut self, recipient: &R) -> Arc<R> {
        if let Some(known) = self.recipients.get(recipient) {
            return Arc::clone(known);
        }
        if self.recipients.len() >= self.room {
            self.recipients.retain(|each| Arc::strong_count(each) > 1);
            self.room = (2 * self.recipients.len()).max(LOOKED_THROUGH_FROM);
            self.recipients.shrink_to(self.room);
        }
        let new = Arc::new(recipient.clone());
        self.recipients.insert(Arc::clone(&new));
        new
    }

    fn number_of(&mut self, way: &str) -> u32 {
        let known = self.ways.iter().position(|known| **known == *way);
        let number = known.unwrap_or_else(|| {
            self.ways.push(way.into());
            self.ways.len() - 1
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// In the newest slice, or another one if that has had its time or is full.
    fn write_down(&mut self, presentity: &Principal, recipients: usize) {
        let now = self.newest;
        self.count += recipients;
        if let Some(slice) = self.slices.back_mut()
            && slice.began + nanoseconds(FORGOTTEN_TOGETHER) >= now
            && slice.count + recipients <= FORGOTTEN_TOGETHER_MAX
        {
            slice.newest = now;
            slice.count += recipients;
            slice.who.push(presentity.clone());
            return;
        }
        self.slices.push_back(Slice {
            began: now,
            newest: now,
            who: vec![presentity.clone()],
            count: recipients,
        });
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Gives back most of the room that is not needed any more.
fn shrink<K: Eq + Hash, V>(map: &mut HashMap<K, V>) {
    map.shrink_to(4 * map.len());
}
