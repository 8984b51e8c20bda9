//! By which routers clients are told. There are few, so most clients of a change go the same way.

use super::outbox::Client;

/// By which router clients are told.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Way {
    /// By this one, or by another while it is gone: clients that are called back.
    By(String),
    /// By no other, since it has their connections: attached clients.
    OnlyBy(String),
}

impl Way {
    pub(super) fn router(&self) -> &str {
        let (Self::By(router) | Self::OnlyBy(router)) = self;
        router
    }
}

/// The clients that are told of one change, by their ways: these in the order in which they came up.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    pub(super) all: Vec<(Way, Vec<Client>)>,
}

impl Ways {
    /// A client that is called back.
    pub(super) fn add_by(&mut self, router: &str, client: Client) {
        let same = |way: &Way| matches!(way, Way::By(by) if by == router);
        match self.all.iter_mut().find(|(way, _)| same(way)) {
            Some((_, clients)) => clients.push(client),
            None => self.all.push((Way::By(router.to_owned()), vec![client])),
        }
    }

    /// A client that has its connection there.
    pub(super) fn add_only_by(&mut self, router: &str, client: Client) {
        let same = |way: &Way| matches!(way, Way::OnlyBy(by) if by == router);
        match self.all.iter_mut().find(|(way, _)| same(way)) {
            Some((_, clients)) => clients.push(client),
            None => self.all.push((Way::OnlyBy(router.to_owned()), vec![client])),
        }
    }
}
