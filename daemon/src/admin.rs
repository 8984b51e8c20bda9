//! What an operator and a scheduler ask of a process: alive, ready, its metrics, its log filter.
//!
//! Unauthenticated, so it belongs on an address that only the machine or the cluster reaches. It tells names
//! of components and numbers, never who talks to whom.

mod families;
mod incoming;
mod process;

use crate::network::Listener;
use crate::readiness::Readiness;
use crate::tasks::{OnError, Tasks};
use crate::telemetry::{FILTER_OCTETS_MAX, Telemetry};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use incoming::Incoming;
use prometheus_client::registry::Registry;
use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The longest a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the admin listener shows.
#[derive(Clone)]
pub struct AdminState {
    /// Behind `/readyz`.
    pub readiness: Readiness,
    /// Behind `/metrics`, from when it is set: a role registers its metrics while it starts.
    pub registry: Arc<OnceLock<Registry>>,
    /// Behind `/log-filter`.
    pub telemetry: Telemetry,
}

/// Serves until the set is drained:
///
/// - `GET /livez`: 200 as long as the process answers at all;
/// - `GET /readyz`: 200, or 503 with one line for each component that is not ready;
/// - `GET /metrics`: OpenMetrics text, or 503 while the process starts;
/// - `GET /log-filter`, `PUT /log-filter`: what is logged, as text of at most 4 KiB; 400 with the reason for
///   one that is not a filter.
///
/// A process that should show itself while it drains gives this a set of its own and drains that last.
pub fn serve(listener: Box<dyn Listener>, state: AdminState, tasks: &Tasks) {
    let cancelled = tasks.cancelled();
    let serving = axum::serve(Incoming::new(listener), service(state));
    tasks.spawn("admin", OnError::Stop, async move {
        serving
            .with_graceful_shutdown(cancelled.cancelled_owned())
            .await?;
        Ok(())
    });
}

fn service(state: AdminState) -> axum::Router {
    axum::Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/log-filter", get(log_filter).put(set_log_filter))
        .layer(DefaultBodyLimit::max(FILTER_OCTETS_MAX))
        .layer(axum::middleware::from_fn(within_time))
        .with_state(state)
}

async fn within_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => (StatusCode::REQUEST_TIMEOUT, "the request took too long\n").into_response(),
    }
}

async fn ready(State(state): State<AdminState>) -> Response {
    let reasons = state.readiness.reasons();
    if reasons.is_empty() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n").into_response()
    }
}

async fn metrics(State(state): State<AdminState>) -> Response {
    let Some(registry) = state.registry.get() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response();
    };
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, registry) {
        Ok(()) => {
            text.push_str(&process::figures());
            ([(header::CONTENT_TYPE, METRICS_TYPE)], families::merge(&text)).into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "cannot write the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn log_filter(State(state): State<AdminState>) -> String {
    state.telemetry.filter() + "\n"
}

async fn set_log_filter(State(state): State<AdminState>, filter: String) -> Response {
    match state.telemetry.set_filter(&filter) {
        Ok(()) => {
            tracing::info!(filter = filter.trim(), "log filter changed");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, reason(&error)).into_response(),
    }
}

/// An error and its causes in one line.
fn reason(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line += &format!(": {error}");
        cause = error.source();
    }
    line + "\n"
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;
