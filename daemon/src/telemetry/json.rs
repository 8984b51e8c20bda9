//! Log lines as JSON objects: as the library writes them, except that an error is shown with all its causes.

use serde::Serialize;
use serde_json::{Map, Value};
use std::error::Error;
use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Writes each event as a line.
pub(super) struct Json;

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'a str,
    fields: Map<String, Value>,
    target: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<Map<String, Value>>,
}

impl<S> FormatEvent<S, JsonFields> for Json
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        let spans = context
            .event_scope()
            .into_iter()
            .flat_map(|scope| scope.from_root());
        let line = Line {
            timestamp,
            level: event.metadata().level().as_str(),
            fields: fields.0,
            target: event.metadata().target(),
            spans: spans.map(|span| fields_of(&span)).collect(),
        };
        let line = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

/// A span's fields, which the library has kept as JSON, and its name.
fn fields_of<S: for<'span> LookupSpan<'span>>(span: &SpanRef<'_, S>) -> Map<String, Value> {
    let extensions = span.extensions();
    let kept = extensions.get::<FormattedFields<JsonFields>>();
    let mut fields: Map<String, Value> = kept
        .and_then(|kept| serde_json::from_str(kept).ok())
        .unwrap_or_default();
    fields.insert("name".to_owned(), span.name().into());
    fields
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.add(field, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Captured;
    use anyhow::anyhow;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::{Registry, fmt};

    /// The only line that is logged.
    fn line(log: impl FnOnce()) -> Value {
        let captured = Captured::default();
        let layer = fmt::layer().json().event_format(Json);
        let subscriber = Registry::default().with(layer.with_writer(captured.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let lines = captured.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        serde_json::from_str(&lines[0]).unwrap()
    }

    #[test]
    fn an_error_is_shown_with_its_causes() {
        let error = anyhow!("the disk is full").context("write it").context("keep it");
        let error: &(dyn Error + 'static) = error.as_ref();
        let line = line(|| tracing::warn!(error, member = "home-1", left = 3, "not kept"));
        assert_eq!(line["fields"]["error"], "keep it: write it: the disk is full");
        assert_eq!(
            (&line["fields"]["member"], &line["fields"]["left"]),
            (&"home-1".into(), &3.into())
        );
        assert_eq!(
            (&line["fields"]["message"], &line["level"]),
            (&"not kept".into(), &"WARN".into())
        );
        assert!(line["target"].as_str().unwrap().contains("json") && line["timestamp"].is_string());
    }

    #[test]
    fn spans_are_listed_from_the_outermost() {
        let line = line(|| {
            let outer = tracing::info_span!("outer", status = 200);
            outer.in_scope(|| tracing::info_span!("inner").in_scope(|| tracing::info!("done")));
        });
        assert_eq!(
            (&line["spans"][0]["name"], &line["spans"][1]["name"]),
            (&"outer".into(), &"inner".into())
        );
        assert_eq!(line["spans"][0]["status"], 200);
    }
}
