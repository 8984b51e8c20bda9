//! `homeport child`: becomes another program, which ends when the process that started it does.
//!
//! `homeport up --processes` starts everything this way, so that nothing is left running whatever ends it. Asking
//! the kernel for that between fork and exec would be unsafe code; asking first and then becoming the program is
//! not, works for programs that are not ours, and keeps the process id.

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, getppid};
use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Become a program that ends when the process that started it does
#[derive(clap::Args, Debug)]
#[command(
    hide = true,
    after_help = "\
Examples:
  homeport child --of 4711 -- etcd --data-dir etcd
      Only if process 4711 has started this; etcd is killed when 4711 ends"
)]
pub(crate) struct Child {
    /// The process that starts this
    #[arg(long, value_name = "PID")]
    of: i32,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

impl Child {
    /// Does not return when it succeeds.
    ///
    /// # Errors
    /// When its parent is gone, or the program cannot be run.
    pub(crate) fn run(self) -> Result<Infallible> {
        end_with_parent(self.of)?;
        let (program, arguments) = self.program.split_first().context("no program is named")?;
        let error = Command::new(program).args(arguments).exec();
        Err(error).with_context(|| format!("run {}", program.display()))
    }
}

/// Killed and not asked: whoever ends without asking its children to has crashed, and so do they.
fn end_with_parent(parent: i32) -> Result<()> {
    // Elsewhere nothing like it is known to stay in force in another program.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .context("ask to be killed when the process that started this ends")?;
    // It may have ended before the kernel was asked.
    ensure!(
        getppid() == Pid::from_raw(parent),
        "process {parent} has not started this, or has ended"
    );
    Ok(())
}
