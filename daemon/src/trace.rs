//! Trace context as it travels between processes: the W3C `traceparent` line.

use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACE_PARENT: &str = "traceparent";

/// The current span as a trace parent for the next process, `00-TRACE-SPAN-FLAGS`.
///
/// `None` outside every span and when no trace collector is configured; a caller that was given a trace
/// parent then passes on that one.
#[must_use]
pub fn current() -> Option<String> {
    let span = Span::current();
    if span.is_disabled() {
        return None;
    }
    let mut carrier = Carrier(None);
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.0
}

/// Makes a span the child of a span in another process, if there is one and it is well-formed.
///
/// Only before the span is first entered and before [`current`] is asked for inside it: its ids are fixed
/// then, and it stays where it is. The text comes from outside; one that does not parse is ignored.
pub fn set_parent(span: &Span, parent: Option<&str>) {
    let Some(parent) = parent else { return };
    if span.is_disabled() {
        return;
    }
    let carrier = Carrier(Some(parent.to_owned()));
    let nothing = opentelemetry::Context::new();
    let context = TraceContextPropagator::new().extract_with_context(&nothing, &carrier);
    if opentelemetry::trace::TraceContextExt::has_active_span(&context) {
        // Fails where there is no trace layer, which is the usual case, or the span has begun.
        let _ = span.set_parent(context);
    }
}

/// Carries the one header we use. `tracestate` belongs to vendors and is not relayed.
struct Carrier(Option<String>);

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACE_PARENT {
            self.0 = Some(value);
        }
    }
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        if key == TRACE_PARENT {
            self.0.as_deref()
        } else {
            None
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACE_PARENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Telemetry;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_nested_span_belongs_to_the_trace_of_the_parent_that_was_set() {
        let (_telemetry, dispatch, captured) = Telemetry::for_test("info").unwrap();
        let _scope = tracing::dispatcher::set_default(&dispatch);
        let outer = tracing::info_span!("outer");
        set_parent(&outer, Some(PARENT));
        let told = outer
            .in_scope(|| tracing::info_span!("inner").in_scope(current))
            .unwrap();
        drop(outer);
        let spans = captured.spans();
        assert_eq!(spans.len(), 2);
        assert_eq!(told, format!("00-{TRACE}-{}-01", spans[0].id));
        assert_eq!((spans[0].trace.as_str(), spans[1].trace.as_str()), (TRACE, TRACE));
        assert_eq!(spans[1].parent.as_deref(), Some("b7ad6b7169203331"));
    }

    #[test]
    fn a_malformed_parent_is_ignored() {
        let (_telemetry, dispatch, captured) = Telemetry::for_test("info").unwrap();
        let _scope = tracing::dispatcher::set_default(&dispatch);
        let long = "00-".repeat(10_000);
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        for parent in ["", "nonsense", "00-é-b7ad6b7169203331-01", zero, &long] {
            let span = tracing::info_span!("span");
            set_parent(&span, Some(parent));
            let told = span.in_scope(current).unwrap();
            assert_eq!(told.len(), PARENT.len(), "{told}");
        }
        assert!(
            captured
                .spans()
                .iter()
                .all(|span| span.parent.is_none() && span.trace != TRACE)
        );
    }

    #[test]
    fn a_parent_that_comes_too_late_changes_nothing() {
        let (_telemetry, dispatch, _captured) = Telemetry::for_test("info").unwrap();
        let _scope = tracing::dispatcher::set_default(&dispatch);
        let span = tracing::info_span!("span");
        let before = span.in_scope(current);
        set_parent(&span, Some(PARENT));
        assert_eq!(span.in_scope(current), before);
    }

    #[test]
    fn there_is_no_trace_parent_without_a_span_or_without_traces() {
        let (_telemetry, dispatch, _captured) = Telemetry::for_test("info").unwrap();
        tracing::dispatcher::with_default(&dispatch, || assert_eq!(current(), None));
        let lines_only = tracing::Dispatch::new(tracing_subscriber::Registry::default());
        tracing::dispatcher::with_default(&lines_only, || {
            let span = tracing::info_span!("span");
            set_parent(&span, Some(PARENT));
            assert!(!span.is_disabled());
            assert_eq!(span.in_scope(current), None);
        });
    }
}
