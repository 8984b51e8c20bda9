//! Every metric of a router, named once. People are never labels.

use daemon::OpenGuard;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// The metrics of one router. Cloning copies pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    connections: Gauge,
    turned_away: Counter,
    not_from_proxy: Counter,
    nearly_full: Gauge,
    requests: Family<RequestLabels, Counter>,
    call_backs: Family<ResultLabels, Counter>,
    call_backs_open: Gauge,
    failed_authentications: Counter,
    failed_handshakes: Counter,
    attachments: Gauge,
    attachments_ended: Family<ResultLabels, Counter>,
}

impl Metrics {
    /// New metrics, registered with the router's name.
    pub(crate) fn register(registry: &mut Registry, router: &str) -> Self {
        let metrics = Self::default();
        let label = ("router".into(), router.to_owned().into());
        let mine = registry
            .sub_registry_with_prefix("router")
            .sub_registry_with_label(label);
        mine.register(
            "connections",
            "Connections of clients",
            metrics.connections.clone(),
        );
        mine.register(
            "turned_away",
            "Connections for which there was no room",
            metrics.turned_away.clone(),
        );
        mine.register(
            "not_from_proxy",
            "Connections that were closed because they did not come from a proxy",
            metrics.not_from_proxy.clone(),
        );
        mine.register(
            "nearly_full",
            "1 from 85 % of the connections that may be",
            metrics.nearly_full.clone(),
        );
        mine.register(
            "requests",
            "Requests answered, by method and status",
            metrics.requests.clone(),
        );
        mine.register(
            "call_backs",
            "Notifications to clients, by result",
            metrics.call_backs.clone(),
        );
        mine.register(
            "call_backs_open",
            "Connections to clients",
            metrics.call_backs_open.clone(),
        );
        let failed = metrics.failed_authentications.clone();
        mine.register("failed_authentications", "Credentials that were wrong", failed);
        mine.register(
            "failed_handshakes",
            "Connections on which no TLS came about",
            metrics.failed_handshakes.clone(),
        );
        mine.register(
            "attachments",
            "Clients that hold a connection open and have logged on",
            metrics.attachments.clone(),
        );
        let ended = metrics.attachments_ended.clone();
        mine.register("attachments_ended", "Attachments that ended, by reason", ended);
        metrics
    }

    /// A request was answered. The method is one of a fixed set, never what a client made up.
    pub(crate) fn request(&self, method: &http::Method, status: http::StatusCode) {
        const METHODS: [&str; 7] = [
            "SUBSCRIBE",
            "UNSUBSCRIBE",
            "SUBSCRIPTIONS",
            "PROPFIND",
            "PROPPATCH",
            "NOTIFY",
            "ACL",
        ];
        let method = METHODS
            .into_iter()
            .find(|name| *name == method.as_str())
            .unwrap_or("other");
        self.requests
            .get_or_create(&RequestLabels {
                method,
                status: status.as_u16(),
            })
            .inc();
    }

    /// A notification was sent to a client, or could not be.
    pub(crate) fn call_back(&self, result: &'static str) {
        self.call_backs.get_or_create(&ResultLabels { result }).inc();
    }

    /// Somebody showed wrong credentials.
    pub(crate) fn failed_authentication(&self) {
        self.failed_authentications.inc();
    }

    /// A client did not come to speak TLS.
    pub(crate) fn failed_handshake(&self) {
        self.failed_handshakes.inc();
    }

    #[cfg(test)]
    pub(crate) fn failed_handshakes(&self) -> u64 {
        self.failed_handshakes.get()
    }

    /// Counts an attachment for as long as the guard lives.
    pub(crate) fn attachment(&self) -> OpenGuard {
        OpenGuard::new(&self.attachments)
    }

    /// An attachment has ended. The reason is one of a fixed set.
    pub(crate) fn attachment_ended(&self, reason: &'static str) {
        self.attachments_ended
            .get_or_create(&ResultLabels { result: reason })
            .inc();
    }

    /// There was no room for a connection.
    pub(crate) fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Somebody else than a proxy has connected.
    pub(crate) fn not_from_proxy(&self) {
        self.not_from_proxy.inc();
    }

    #[cfg(test)]
    pub(crate) fn not_from_proxy_so_far(&self) -> u64 {
        self.not_from_proxy.get()
    }

    /// Whether there is hardly any room.
    pub(crate) fn nearly_full(&self, nearly_full: bool) {
        self.nearly_full.set(i64::from(nearly_full));
    }

    /// Counts a connection of a client for as long as the guard lives.
    pub(crate) fn connection(&self) -> OpenGuard {
        OpenGuard::new(&self.connections)
    }

    /// Counts a connection to a client for as long as the guard lives.
    pub(crate) fn call_back_open(&self) -> OpenGuard {
        OpenGuard::new(&self.call_backs_open)
    }
}
