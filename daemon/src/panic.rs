//! What is told when code panics.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static INSTALL: Once = Once::new();
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Logs every panic as one ERROR with its place in the source, the task or thread it happened in, and what
/// the operator should do. A second call does nothing.
///
/// Does not end the process: a panic ends its task, and [`crate::Tasks::failed`] tells whoever runs the
/// process. Builds that abort on panic do so after this line. Before telemetry has started, the panic is
/// printed as without this hook.
pub fn install() {
    INSTALL.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if tracing::enabled!(tracing::Level::ERROR) {
                log(panic);
            } else {
                previous(panic);
            }
        }));
        INSTALLED.store(true, Ordering::Release);
    });
}

/// Whether [`install`] was called, so that nobody else needs to log a panic.
pub(crate) fn is_installed() -> bool {
    INSTALLED.load(Ordering::Acquire)
}

fn log(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let thread = std::thread::current();
    tracing::error!(
        panic = panic.payload_as_str().unwrap_or("no message"),
        place,
        task = crate::tasks::current(),
        thread = thread.name(),
        backtrace,
        "a defect in the program stopped a task; please report this line, and restart the process if it does \
         not end by itself"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OnError, Tasks, Telemetry};
    use std::time::Duration;

    #[tokio::test]
    async fn a_panic_is_one_error_line_with_its_place_and_its_task() {
        install();
        let (_telemetry, dispatch, captured) = Telemetry::for_test("info").unwrap();
        let _scope = tracing::dispatcher::set_default(&dispatch);
        let tasks = Tasks::new();
        tasks.spawn("slots", OnError::Log, async { panic!("slot {} is gone", 7) });
        tasks.failed().await;
        tasks.drain(Duration::from_secs(5)).await;
        let lines = captured.lines();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        for part in [
            "ERROR",
            "slot 7 is gone",
            "panic.rs:",
            "task=\"slots\"",
            "please report",
        ] {
            assert!(lines[0].contains(part), "{part} in {}", lines[0]);
        }
    }
}
