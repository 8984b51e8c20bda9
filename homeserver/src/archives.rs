//! Which domains keep an archive, and for how long.

use rvp::{Domain, Identity, Principal};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is archived, by the domain of people's addresses. Of a domain that is not here nothing is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Archives(pub BTreeMap<Domain, ArchivePolicy>);

/// What is archived of a domain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ArchivePolicy {
    /// Whether messages to and from its people are archived from now on.
    pub on: bool,
    /// How long an entry is kept, whether or not more are made; without it for ever.
    pub retention: Option<Duration>,
}

impl Archives {
    /// Whether any domain archives anything.
    pub(crate) fn is_on(&self) -> bool {
        self.0.values().any(|policy| policy.on)
    }

    /// The domains whose archives have a message: the recipient's, and the sender's if it is another.
    pub(crate) fn domains_for(&self, from: &Identity, to: &Principal) -> Vec<Domain> {
        let theirs = from.person().map(Principal::domain);
        let own = to.domain();
        let other = theirs.filter(|domain| *domain != own);
        let both = [Some(own), other].into_iter().flatten();
        both.filter(|domain| self.0.get(domain).is_some_and(|policy| policy.on))
            .collect()
    }

    /// The domains whose entries are not kept for ever.
    pub(crate) fn retained(&self) -> Vec<(Domain, Duration)> {
        let retained =
            |(domain, policy): (&Domain, &ArchivePolicy)| Some((domain.clone(), policy.retention?));
        self.0.iter().filter_map(retained).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_to_each_archive_that_is_on_once() {
        let on = ArchivePolicy {
            on: true,
            retention: None,
        };
        let off = ArchivePolicy {
            on: false,
            retention: Some(Duration::from_secs(1)),
        };
        let domain = |host| Domain::parse(host).unwrap();
        let [a, b, c] = ["im.a.example", "im.b.example", "im.c.example"].map(domain);
        let archives = Archives([(a.clone(), on), (b.clone(), on), (c.clone(), off)].into());
        let person = |host| Principal::from_address(&format!("alice@{host}")).unwrap();
        let between = |from, to| archives.domains_for(&Identity::Person(person(from)), &person(to));
        assert_eq!(between("im.a.example", "im.a.example"), std::slice::from_ref(&a));
        assert_eq!(between("im.a.example", "im.b.example"), [b.clone(), a.clone()]);
        assert_eq!(between("im.a.example", "im.c.example"), [a]);
        assert_eq!(between("im.c.example", "im.b.example"), [b]);
        assert_eq!(between("im.c.example", "im.d.example"), []);
        assert_eq!(archives.retained(), [(c, Duration::from_secs(1))]);
        assert!(archives.is_on() && !Archives::default().is_on());
    }
}
