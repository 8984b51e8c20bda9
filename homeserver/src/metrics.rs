//! Every metric of a home server, named once. People are never labels.

use crate::command::KeptEnded;
use crate::pace::Pace;
use daemon::OpenGuard;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use proto::Outcome;
use rvp::Fault;
use store::Change;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    result: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct WriteLabels {
    kind: &'static str,
}

/// The metrics of one home server. Cloning copies pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    requests: Family<RequestLabels, Counter>,
    deliveries: Family<OutcomeLabels, Counter>,
    authentications: Family<OutcomeLabels, Counter>,
    spread: Counter,
    destinations: Gauge,
    account_reads: Counter,
    writes: Family<WriteLabels, Counter>,
    repeated: Counter,
    kept: Gauge,
    kept_taken: Counter,
    kept_expired: Counter,
    purged: Counter,
    pace: Pace,
}

impl Metrics {
    /// New metrics among those of a home server.
    pub(crate) fn register(home: &mut Registry) -> Self {
        let metrics = Self::default();
        home.register(
            "requests",
            "Requests answered, by method and result",
            metrics.requests.clone(),
        );
        home.register(
            "deliveries",
            "Messages at their last hop, by outcome",
            metrics.deliveries.clone(),
        );
        home.register(
            "authentications",
            "Credentials checked, by outcome",
            metrics.authentications.clone(),
        );
        home.register(
            "changes_spread",
            "Changes times watchers they were for",
            metrics.spread.clone(),
        );
        let help = "Homes, and ways to routers, that are being told of changes";
        home.register("changes_destinations", help, metrics.destinations.clone());
        let reads = metrics.account_reads.clone();
        home.register("account_reads", "People looked up in the store on demand", reads);
        metrics.register_kept(home);
        metrics
    }

    fn register_kept(&self, home: &mut Registry) {
        home.register(
            "store_writes",
            "Changes that were handed to the store, by kind",
            self.writes.clone(),
        );
        home.register(
            "messages_repeated",
            "Messages that had come before, and were not delivered again",
            self.repeated.clone(),
        );
        home.register(
            "kept_messages",
            "Messages that wait for a client of their recipient",
            self.kept.clone(),
        );
        home.register(
            "kept_messages_taken",
            "Kept messages that a client took",
            self.kept_taken.clone(),
        );
        home.register(
            "archive_entries_purged",
            "Entries of archives that were removed because of their age",
            self.purged.clone(),
        );
        home.register(
            "kept_messages_expired",
            "Kept messages that were dropped because of their age",
            self.kept_expired.clone(),
        );
    }

    /// Something is to be made durable.
    pub(crate) fn write(&self, change: &Change) {
        let kind = match change {
            Change::PutLogin(_) => "put_login",
            Change::RemoveLogin(_) => "remove_login",
            Change::PutView(_) => "put_view",
            Change::RemoveView(_) => "remove_view",
            Change::PutSubscription(_) => "put_subscription",
            Change::RemoveSubscription(_) => "remove_subscription",
            Change::PutAccess(_) => "put_access",
            Change::PutDisplayName(_) => "put_display_name",
            Change::RenewLogin(..) => "renew_login",
            Change::RenewSubscription(..) => "renew_subscription",
            Change::PutTold(_) => "put_told",
            Change::ForgetTold => "forget_told",
            Change::PutMessage(_) => "put_message",
            Change::TakeMessages(..) => "take_messages",
            Change::ForgetMessages(_) => "forget_messages",
            Change::PutContacts(_) => "put_contacts",
            Change::Archive(_) => "archive",
        };
        self.writes.get_or_create(&WriteLabels { kind }).inc();
    }

    /// A message had come before.
    pub(crate) fn repeated(&self) {
        self.repeated.inc();
    }

    /// By so many more, or fewer, messages wait.
    pub(crate) fn kept_by(&self, difference: i64) {
        self.kept.inc_by(difference);
    }

    /// A kept message has gone.
    pub(crate) fn kept_ended(&self, ended: KeptEnded) {
        match ended {
            KeptEnded::Taken => self.kept_taken.inc(),
            KeptEnded::Expired => self.kept_expired.inc(),
        };
    }

    /// So many entries of an archive were removed.
    pub(crate) fn purged(&self, entries: u64) {
        self.purged.inc_by(entries);
    }

    /// Somebody was looked up in the store.
    pub(crate) fn account_read(&self) {
        self.account_reads.inc();
    }

    /// A request was answered.
    pub(crate) fn request(&self, method: &'static str, fault: Option<Fault>) {
        self.pace.count();
        let result = fault.map_or("done", Fault::label);
        self.requests
            .get_or_create(&RequestLabels { method, result })
            .inc();
    }

    /// A message reached its outcome at one client.
    pub(crate) fn delivered(&self, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Taken => "taken",
            Outcome::Left => "left",
            Outcome::Rejected => "rejected",
            Outcome::Unreachable => "unreachable",
            Outcome::Busy => "busy",
            Outcome::Moved => "moved",
            Outcome::Expired => "expired",
        };
        self.deliveries.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Credentials were checked.
    pub(crate) fn authentication(&self, right: bool) {
        let outcome = if right { "right" } else { "rejected" };
        self.authentications
            .get_or_create(&OutcomeLabels { outcome })
            .inc();
    }

    /// A change goes out to so many watchers.
    pub(crate) fn spread(&self, watchers: usize) {
        self.spread.inc_by(u64::try_from(watchers).unwrap_or(u64::MAX));
    }

    /// Counts a home or a way to a router that is being told of changes, for as long as the guard lives.
    pub(crate) fn tells(&self) -> OpenGuard {
        OpenGuard::new(&self.destinations)
    }

    /// Requests answered in each of the last seconds, on average.
    pub(crate) fn requests_per_second(&self) -> u32 {
        self.pace.per_second()
    }
}
