//! How logs and traces leave the process: the one place that knows the libraries for it.
//!
//! Logs go to standard error, as text or JSON, behind a filter that can be changed while the process runs.
//! Traces go to an OpenTelemetry collector, and only when one is configured. Without one there is no trace
//! layer at all: it would cost every span an allocation and two random numbers to make ids that nobody
//! collects. [`crate::trace::current`] is then `None`, and callers pass on the trace parent they were given.
//!
//! Spans down to DEBUG are traced, whatever the log filter says; TRACE spans never are, and a child of one
//! would begin a trace of its own, so there should be none.

mod captured;
mod json;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::{Dispatch, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry, fmt, reload};

pub use captured::{Captured, CapturedSpan};

/// The longest log filter accepted, in octets.
pub const FILTER_OCTETS_MAX: usize = 4096;

/// Where logs and traces go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TelemetryConfig {
    /// What is logged: a level, or levels by module, `info,router=debug`.
    pub filter: String,
    /// The collector's OTLP/gRPC address, `http://collector:4317`; no traces without. How many are sampled is
    /// set with the usual `OTEL_TRACES_SAMPLER`; without it all are, unless the caller's trace is not.
    pub otlp: Option<String>,
    /// The name under which this process appears in traces.
    pub service: String,
    /// Log lines as JSON objects instead of text.
    pub json: bool,
}

/// Why telemetry could not start or its filter could not be set.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter does not parse.
    #[error("bad log filter; write levels such as `info,router=debug`")]
    BadFilter(#[source] tracing_subscriber::filter::ParseError),
    /// The filter is empty or longer than [`FILTER_OCTETS_MAX`].
    #[error(
        "a log filter must have 1 to {FILTER_OCTETS_MAX} octets; write levels such as `info,router=debug`"
    )]
    FilterLength,
    /// The filter's layer is gone, together with the subscriber.
    #[error("the log filter can no longer be changed")]
    FilterGone(#[source] reload::Error),
    /// The collector's address is not one.
    #[error("bad address of the trace collector `{address}`; write `http://HOST:PORT`")]
    BadCollector {
        /// What was configured.
        address: String,
        /// What is wrong with it.
        #[source]
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// Sending traces needs the runtime to be there.
    #[error("telemetry with a trace collector must be started inside the tokio runtime")]
    NoRuntime,
    /// Another subscriber is in place.
    #[error("telemetry has already been started in this process")]
    AlreadyStarted(#[source] tracing::dispatcher::SetGlobalDefaultError),
}

/// The process's logs and traces while it runs. Clones are the same.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

struct Inner {
    filter: Mutex<String>,
    handle: reload::Handle<EnvFilter, Registry>,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts logging and, if configured, tracing, for the whole process and its whole life.
    ///
    /// # Errors
    /// On a bad filter or collector address, and when it was started before.
    pub fn start(config: &TelemetryConfig) -> Result<Self, Error> {
        let traces = config
            .otlp
            .as_deref()
            .map(|address| collector(address, &config.service))
            .transpose()?;
        let ansi = std::io::stderr().is_terminal();
        let lines = fmt::layer().with_writer(std::io::stderr);
        let lines = if config.json {
            lines.json().event_format(json::Json).boxed()
        } else {
            lines.with_ansi(ansi).boxed()
        };
        let (telemetry, dispatch) = Self::build(&config.filter, lines, traces)?;
        tracing::dispatcher::set_global_default(dispatch).map_err(Error::AlreadyStarted)?;
        Ok(telemetry)
    }

    /// The same with nothing global and nothing leaving the process: lines and spans are kept to be looked
    /// at. Put the dispatch in place with `tracing::dispatcher::set_default` (this thread, in a scope) or
    /// `set_global_default`. Traces are on.
    ///
    /// # Errors
    /// On a bad filter.
    pub fn for_test(filter: &str) -> Result<(Self, Dispatch, Captured), Error> {
        let captured = Captured::default();
        let traces = SdkTracerProvider::builder()
            .with_simple_exporter(captured.clone())
            .build();
        let lines = fmt::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(captured.clone());
        let (telemetry, dispatch) = Self::build(filter, lines.boxed(), Some(traces))?;
        Ok((telemetry, dispatch, captured))
    }

    fn build(
        filter: &str,
        lines: Box<dyn Layer<Registry> + Send + Sync>,
        traces: Option<SdkTracerProvider>,
    ) -> Result<(Self, Dispatch), Error> {
        let (env_filter, handle) = reload::Layer::new(parse(filter)?);
        let subscriber = Registry::default().with(lines.with_filter(env_filter));
        let subscriber = subscriber.with(traces.as_ref().map(trace_layer));
        let inner = Inner {
            filter: Mutex::new(filter.to_owned()),
            handle,
            traces,
        };
        Ok((
            Self {
                inner: Arc::new(inner),
            },
            subscriber.into(),
        ))
    }

    /// Changes what is logged, at once and until the next change or restart. Traces are not affected.
    ///
    /// # Errors
    /// On a bad filter, and then nothing changes.
    pub fn set_filter(&self, filter: &str) -> Result<(), Error> {
        let parsed = parse(filter)?;
        let mut current = self.inner.filter.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.handle.reload(parsed).map_err(Error::FilterGone)?;
        filter.trim().clone_into(&mut current);
        Ok(())
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> String {
        self.inner
            .filter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends the traces that are waiting; returns when they are sent or after 5 seconds. The last thing a
    /// process does. A failure is logged here.
    pub async fn flush(&self) {
        let Some(traces) = self.inner.traces.clone() else {
            return;
        };
        // The library blocks its thread until the collector has answered or its own bound of 5 s is over.
        let flushed = tokio::task::spawn_blocking(move || traces.force_flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not send the last traces"
            );
        }
    }
}

/// Whether a log filter can be used.
pub(crate) fn check_filter(filter: &str) -> Result<(), Error> {
    parse(filter).map(drop)
}

fn parse(filter: &str) -> Result<EnvFilter, Error> {
    let filter = filter.trim();
    if filter.is_empty() || filter.len() > FILTER_OCTETS_MAX {
        return Err(Error::FilterLength);
    }
    EnvFilter::try_new(filter).map_err(Error::BadFilter)
}

/// Sends spans in batches, from a thread of the library's own, with a bounded queue.
fn collector(address: &str, service: &str) -> Result<SdkTracerProvider, Error> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(Error::NoRuntime);
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(address)
        .build();
    let exporter = exporter.map_err(|source| Error::BadCollector {
        address: address.to_owned(),
        source,
    })?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

fn trace_layer<S>(traces: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("homeport"));
    // Nobody reads the library's own thread-bound context: parents come from spans and from `set_parent`.
    let layer = layer
        .with_context_activation(false)
        .with_threads(false)
        .with_location(false);
    layer.with_filter(filter_fn(is_traced).with_max_level_hint(LevelFilter::DEBUG))
}

/// Independent of the log filter, so that quiet logs do not tear holes into traces. What the exporter's own
/// stack does is left out: it would trace itself sending traces.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    const OUTSIDE: [&str; 6] = ["h2", "hyper", "hyper_util", "tonic", "tower", "opentelemetry"];
    let level = if metadata.is_span() {
        Level::DEBUG
    } else {
        Level::INFO
    };
    let root = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= level && !OUTSIDE.contains(&root) && !root.starts_with("opentelemetry")
}

#[cfg(test)]
#[path = "telemetry_tests.rs"]
mod tests;
