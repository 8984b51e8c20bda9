//! Which presentity is to be looked at when: one entry for each, at the earliest time asked for.

use rvp::Principal;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

/// The times at which something ends, by presentity.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    by_time: BTreeSet<(Second, Principal)>,
    /// By a quick hash, since it is looked for with each who begins to watch. Who is here is in the store: nobody can
    /// choose names that fall together.
    by_principal: foldhash::HashMap<Principal, Second>,
}

/// Since 1970. In half the room of a time.
pub(crate) type Second = u64;

impl Expiry {
    /// Asks for a presentity to be looked at by this time. An earlier time that was asked for stands.
    pub(crate) fn wake_at(&mut self, at: SystemTime, principal: &Principal) {
        let at = whole_second(at);
        if let Some(former) = self.by_principal.get(principal).copied() {
            if former <= at {
                return;
            }
            self.by_time.remove(&(former, principal.clone()));
        }
        self.by_principal.insert(principal.clone(), at);
        self.by_time.insert((at, principal.clone()));
    }

    /// When to look next, if ever.
    pub(crate) fn next(&self) -> Option<SystemTime> {
        let (at, _) = self.by_time.first()?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(*at))
    }

    /// A presentity whose time has come. It is not asked for again until [`Expiry::wake_at`].
    pub(crate) fn take_due(&mut self, now: SystemTime) -> Option<Principal> {
        if self.next()? > now {
            return None;
        }
        let (_, principal) = self.by_time.pop_first()?;
        self.by_principal.remove(&principal);
        Some(principal)
    }

    /// Forgets a presentity.
    pub(crate) fn forget(&mut self, principal: &Principal) {
        if let Some(at) = self.by_principal.remove(principal) {
            self.by_time.remove(&(at, principal.clone()));
        }
    }
}

/// Rounded up, so that nothing ends before its time, and a person with thousands of watchers is looked through at most
/// once a second.
pub(crate) fn whole_second(at: SystemTime) -> Second {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs() + u64::from(since.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_earliest_time_asked_for_stands_and_is_asked_once() {
        let alice = Principal::from_address("alice@im.example.com").unwrap();
        let mut expiry = Expiry::default();
        expiry.wake_at(at(20), &alice);
        expiry.wake_at(at(10) - Duration::from_millis(1), &alice);
        expiry.wake_at(at(30), &alice);
        assert_eq!(expiry.next(), Some(at(10)));
        assert_eq!(expiry.take_due(at(9)), None);
        assert_eq!(expiry.take_due(at(10)), Some(alice.clone()));
        assert_eq!(expiry.next(), None);
        expiry.wake_at(at(40), &alice);
        expiry.forget(&alice);
        assert_eq!(expiry.take_due(at(99)), None);
    }

    /// What is held for somebody at whom is to be looked, whose address is held elsewhere.
    #[test]
    fn a_time_takes_little_memory() {
        let people: Vec<Principal> = (0..1_000)
            .map(|number| Principal::from_address(&format!("person{number}@im.example.com")).unwrap())
            .collect();
        let mut expiry = Expiry::default();
        for (person, seconds) in people.iter().zip(1..) {
            expiry.wake_at(at(seconds), person);
        }
        let freed = -allocation_counter::measure(|| drop(expiry)).bytes_current;
        println!("{} octets for each of a thousand", freed / 1_000);
        assert!((48_000..=OCTETS_MAX).contains(&freed), "{freed}");
    }

    /// For a thousand.
    const OCTETS_MAX: i64 = 105_000;
}
