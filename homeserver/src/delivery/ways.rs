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
    /// Adds a client that is told by this router, whether or not its connection is there.
    pub(super) fn add(&mut self, router: &str, attached: bool, client: Client) {
        let same = |way: &Way| way.router() == router && matches!(way, Way::OnlyBy(_)) == attached;
        if let Some((_, clients)) = self.all.iter_mut().find(|(way, _)| same(way)) {
            return clients.push(client);
        }
        let way = if attached { Way::OnlyBy } else { Way::By };
        self.all.push((way(router.to_owned()), vec![client]));
    }
}
