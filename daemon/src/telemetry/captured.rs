//! Where logs and traces go in tests.

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// How many lines, and how many spans, are kept: the newest.
const KEPT: usize = 10_000;

/// The lines logged and the spans ended since a test's telemetry was built. Clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<String>,
    spans: VecDeque<CapturedSpan>,
}

/// A span that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CapturedSpan {
    /// Its name.
    pub name: String,
    /// The trace it belongs to, 32 hexadecimal digits.
    pub trace: String,
    /// Its own id, 16 hexadecimal digits.
    pub id: String,
    /// The span above it, here or in another process; `None` at the root of a trace.
    pub parent: Option<String>,
}

impl Captured {
    /// The newest lines in the order they were logged: level, target, message, fields.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.kept().lines.iter().cloned().collect()
    }

    /// The newest spans in the order they ended.
    #[must_use]
    pub fn spans(&self) -> Vec<CapturedSpan> {
        self.kept().spans.iter().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == KEPT {
        queue.pop_front();
    }
    queue.push_back(item);
}

impl<'writer> MakeWriter<'writer> for Captured {
    type Writer = Self;

    fn make_writer(&'writer self) -> Self {
        self.clone()
    }
}

impl io::Write for Captured {
    /// One call is one event: the formatter hands over whole lines.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        push(
            &mut self.kept().lines,
            String::from_utf8_lossy(line).trim_end().to_owned(),
        );
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpanExporter for Captured {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut kept = self.kept();
        for span in batch {
            let parent = (span.parent_span_id != SpanId::INVALID).then(|| span.parent_span_id.to_string());
            let span = CapturedSpan {
                name: span.name.into_owned(),
                trace: span.span_context.trace_id().to_string(),
                id: span.span_context.span_id().to_string(),
                parent,
            };
            push(&mut kept.spans, span);
        }
        Ok(())
    }
}
