//! Every metric of a home server, named once. People are never labels.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use proto::Outcome;
use rvp::Fault;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    result: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// The metrics of one home server. Cloning copies pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    online_users: Gauge,
    subscriptions: Gauge,
    requests: Family<RequestLabels, Counter>,
    deliveries: Family<OutcomeLabels, Counter>,
    authentications: Family<OutcomeLabels, Counter>,
    spread: Counter,
    account_reads: Counter,
}

impl Metrics {
    /// New metrics, registered with the member's name.
    pub(crate) fn register(registry: &mut Registry, member: &str) -> Self {
        let metrics = Self::default();
        let label = ("member".into(), member.to_owned().into());
        let home = registry
            .sub_registry_with_prefix("homeserver")
            .sub_registry_with_label(label);
        home.register(
            "online_users",
            "People with at least one login",
            metrics.online_users.clone(),
        );
        home.register(
            "subscriptions",
            "Property subscriptions that live",
            metrics.subscriptions.clone(),
        );
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
        let reads = metrics.account_reads.clone();
        home.register("account_reads", "People looked up in the store on demand", reads);
        metrics
    }

    /// Somebody was looked up in the store.
    pub(crate) fn account_read(&self) {
        self.account_reads.inc();
    }

    /// A request was answered.
    pub(crate) fn request(&self, method: &'static str, fault: Option<Fault>) {
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

    /// A presentity was logged on or had so many watchers before, and has it now.
    pub(crate) fn moved(&self, before: (bool, usize), now: (bool, usize)) {
        self.online_users.inc_by(i64::from(now.0) - i64::from(before.0));
        let watchers = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.subscriptions.inc_by(watchers(now.1) - watchers(before.1));
    }
}
