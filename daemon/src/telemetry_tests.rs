use super::*;
use crate::network::{Network, TokioNetwork};
use std::error::Error as _;
use tokio::io::AsyncReadExt;

#[test]
fn only_what_the_filter_admits_is_logged_and_the_filter_can_change() {
    let (telemetry, dispatch, captured) = Telemetry::for_test("warn").unwrap();
    let _scope = tracing::dispatcher::set_default(&dispatch);
    tracing::info!("first");
    telemetry.set_filter(" info ").unwrap();
    tracing::info!(answer = 42, "second");
    assert_eq!(telemetry.filter(), "info");
    let lines = captured.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("INFO") && lines[0].contains("second answer=42"),
        "{lines:?}"
    );
}

#[test]
fn a_bad_filter_is_refused_and_changes_nothing() {
    let (telemetry, _dispatch, _captured) = Telemetry::for_test("info").unwrap();
    let refused = telemetry.set_filter("router=loud").unwrap_err();
    assert!(matches!(refused, Error::BadFilter(_)) && refused.source().is_some());
    assert!(matches!(telemetry.set_filter("  "), Err(Error::FilterLength)));
    let long = "info,".repeat(FILTER_OCTETS_MAX);
    assert!(matches!(telemetry.set_filter(&long), Err(Error::FilterLength)));
    assert_eq!(telemetry.filter(), "info");
}

#[test]
fn quiet_logs_do_not_tear_holes_into_traces() {
    let (_telemetry, dispatch, captured) = Telemetry::for_test("error").unwrap();
    let _scope = tracing::dispatcher::set_default(&dispatch);
    tracing::info_span!("outer").in_scope(|| tracing::debug_span!("inner").in_scope(|| ()));
    let spans = captured.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["inner", "outer"]);
    assert_eq!(spans[0].parent.as_ref(), Some(&spans[1].id));
    assert_eq!(
        (spans[0].trace.as_str(), spans[1].parent.as_ref()),
        (spans[1].trace.as_str(), None)
    );
}

#[test]
fn the_exporters_own_stack_is_not_traced() {
    let (_telemetry, dispatch, captured) = Telemetry::for_test("trace").unwrap();
    let _scope = tracing::dispatcher::set_default(&dispatch);
    tracing::info_span!(target: "h2::client", "frame").in_scope(|| ());
    tracing::info_span!(target: "opentelemetry_sdk", "batch").in_scope(|| ());
    tracing::info_span!(target: "h2h", "ours").in_scope(|| ());
    let names: Vec<_> = captured.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["ours"]);
}

#[tokio::test]
async fn a_bad_collector_address_is_refused() {
    let config = TelemetryConfig {
        filter: "info".into(),
        otlp: Some("not an address".into()),
        service: "test".into(),
        json: false,
    };
    assert!(matches!(
        Telemetry::start(&config),
        Err(Error::BadCollector { .. })
    ));
}

#[test]
fn a_collector_without_a_runtime_is_refused() {
    assert!(matches!(
        collector("http://127.0.0.1:4317", "test"),
        Err(Error::NoRuntime)
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushing_sends_spans_to_the_collector() {
    let mut listener = TokioNetwork.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let traces = collector(&address, "test").unwrap();
    let lines = fmt::layer().with_writer(std::io::sink).boxed();
    let (telemetry, dispatch) = Telemetry::build("info", lines, Some(traces)).unwrap();
    tracing::dispatcher::with_default(&dispatch, || tracing::info_span!("sent").in_scope(|| ()));
    let collector = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let mut preface = [0; 14];
        stream.read_exact(&mut preface).await.unwrap();
        preface
        // The connection ends here and there is no other, so the flush fails instead of waiting.
    };
    let ((), preface) = tokio::join!(telemetry.flush(), collector);
    assert_eq!(&preface, b"PRI * HTTP/2.0");
}
