//! The life of a server process, from its arguments to its exit code, the same for every role.
//!
//! Arguments, configuration, telemetry, signals, the admin listener, then the role: it starts, is ready some
//! time later, and works until a signal asks for a drain or something cannot go on. Then everything ends in the
//! opposite order, a log line each. What fails before there is telemetry is said on standard error in plain
//! text, and everything later is logged, once.

mod arguments;

use crate::config::{self, Environment, Loaded, Settings};
use crate::memory;
use crate::{
    AdminState, Clock, Failure, Network, Readiness, Shutdown, SystemClock, Tasks, Telemetry, TokioNetwork,
};
use anyhow::Context;
use arguments::Arguments;
use async_trait::async_trait;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Ends when something cannot go on.
pub type Failed = Pin<Box<dyn Future<Output = Failure> + Send>>;

/// What a process is for.
#[async_trait]
pub trait Role: Send + Sized + 'static {
    /// Its configuration.
    type Settings: Settings + Send;

    /// The program, `homeport-router`; also its name in traces.
    const PROGRAM: &'static str;

    /// What it is, in a sentence without a full stop.
    const SUMMARY: &'static str;

    /// What its environment variables begin with, `HOMEPORT_ROUTER`.
    const ENVIRONMENT: &'static str;

    /// Begins to work. May be dropped when a drain is asked for meanwhile.
    ///
    /// # Errors
    /// Why it cannot; the process then ends.
    async fn start(settings: Self::Settings, surroundings: Surroundings<'_>) -> anyhow::Result<Self>;

    /// Ends when it cannot go on, with the reason.
    fn failed(&self) -> Failed;

    /// Leaves service in order, each step within the deadline. Returns the names of tasks that did not end.
    async fn drain(self, deadline: Duration) -> Vec<&'static str>;
}

/// What a role is given.
pub struct Surroundings<'r> {
    /// Connections.
    pub network: Arc<dyn Network>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where it says whether it is ready.
    pub readiness: Readiness,
    /// The admin listener of the process.
    pub admin: SocketAddr,
    /// Where it registers its metrics; they are shown once it has started.
    pub registry: &'r mut Registry,
}

/// The whole of `main`: 0 when it was asked to end or to print something, 1 when it failed, 2 when the command
/// line was wrong.
#[must_use]
pub fn run<R: Role>() -> ExitCode {
    let arguments = match Arguments::of_process::<R>() {
        Ok(arguments) => arguments,
        Err(instead) => {
            // There is nowhere to report that it cannot be printed.
            let _ = instead.print();
            return ExitCode::from(u8::try_from(instead.exit_code()).unwrap_or(1));
        }
    };
    match begin::<R>(&arguments) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Up to where there is telemetry to tell what goes wrong.
fn begin<R: Role>(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process(R::ENVIRONMENT);
    let loaded: Loaded<R::Settings> = config::load(arguments.config.as_deref(), &environment)?;
    if arguments.print_config {
        let text = loaded.print().context("write the configuration as TOML")?;
        write!(std::io::stdout().lock(), "{text}").context("write to standard output")?;
        return Ok(ExitCode::SUCCESS);
    }
    loaded.check_secrets()?;
    if arguments.check_config {
        return Ok(ExitCode::SUCCESS);
    }
    memory::in_small_pages();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime
        .context("start the runtime")?
        .block_on(outside::<R>(loaded.settings))
}

/// With the world as it really is.
async fn outside<R: Role>(settings: R::Settings) -> anyhow::Result<ExitCode> {
    let telemetry = Telemetry::start(&settings.telemetry().config(R::PROGRAM)).context("start telemetry")?;
    crate::panic::install();
    let outside = Outside {
        shutdown: Shutdown::on_signals().context("listen for signals")?,
        network: Arc::new(TokioNetwork),
        clock: Arc::new(SystemClock::new()),
        telemetry,
    };
    let ended = outside.live::<R>(settings).await;
    let code = match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(
                error = error.as_ref() as &dyn Error,
                program = R::PROGRAM,
                "failed"
            );
            ExitCode::FAILURE
        }
    };
    outside.telemetry.flush().await;
    Ok(code)
}

/// The world as a process sees it.
struct Outside {
    shutdown: Shutdown,
    network: Arc<dyn Network>,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
}

impl Outside {
    /// Binds the admin listener, so that a process can be looked at while it starts; then the role.
    async fn live<R: Role>(&self, settings: R::Settings) -> anyhow::Result<()> {
        let (deadline, admin) = (settings.drain().deadline, settings.admin().listen.0);
        let listening = || format!("listen on {admin} (admin.listen)");
        let listener = self.network.bind(admin).await.with_context(listening)?;
        let admin = listener.local_addr().with_context(listening)?;
        let (readiness, shown, tasks) = (Readiness::new(), Arc::new(OnceLock::new()), Tasks::new());
        let state = AdminState {
            readiness: readiness.clone(),
            registry: Arc::clone(&shown),
            telemetry: self.telemetry.clone(),
        };
        crate::admin::serve(listener, state, &tasks);
        tracing::info!(program = R::PROGRAM, version = env!("CARGO_PKG_VERSION"), %admin, "starting");
        let mut registry = Registry::with_prefix("homeport");
        let surroundings = Surroundings {
            network: Arc::clone(&self.network),
            clock: Arc::clone(&self.clock),
            readiness: readiness.clone(),
            admin,
            registry: &mut registry,
        };
        let started = tokio::select! {
            started = R::start(settings, surroundings) => started.map(Some).context("start"),
            () = self.shutdown.requested() => Ok(None),
        };
        let ended = match started {
            Ok(Some(role)) => {
                // Set once, here.
                let _ = shown.set(registry);
                let ended = self.work(&role, &readiness, &tasks).await;
                tracing::info!(deadline = ?deadline, "draining");
                report("role", &role.drain(deadline).await);
                ended
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        // Last, so that it can be asked how the drain goes.
        report("admin listener", &tasks.drain(deadline).await);
        ended
    }

    /// Until a signal, or until something cannot go on.
    async fn work<R: Role>(&self, role: &R, readiness: &Readiness, admin: &Tasks) -> anyhow::Result<()> {
        let say_ready = async {
            readiness.reached().await;
            tracing::info!(program = R::PROGRAM, "ready");
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            () = self.shutdown.requested() => Ok(()),
            failure = role.failed() => Err(failure).context("it cannot go on"),
            failure = admin.failed() => Err(failure).context("it cannot go on"),
            never = say_ready => match never {},
        }
    }
}

/// A step of the drain is over.
fn report(step: &str, left: &[&str]) {
    if left.is_empty() {
        tracing::info!(step, "drained");
    } else {
        tracing::warn!(
            step,
            tasks = left.join(", "),
            "did not end in time and is dropped"
        );
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
