//! The command line of a server process.

use super::Role;
use clap::{CommandFactory, FromArgMatches};
use std::path::PathBuf;

/// What every server process can be told.
#[derive(clap::Parser, Debug)]
#[command(version)]
pub(super) struct Arguments {
    /// The configuration file, TOML; without it, the environment must say everything
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Check the configuration and the files with secrets that it names, and do nothing else
    #[arg(long)]
    pub(super) check_config: bool,
    /// Print the effective configuration as TOML with where each value is from, and do nothing else
    #[arg(long, conflicts_with = "check_config")]
    pub(super) print_config: bool,
}

impl Arguments {
    /// Those of this process.
    ///
    /// # Errors
    /// What to print instead, and what to exit with: 0 for help, 2 for a mistake.
    pub(super) fn of_process<R: Role>() -> Result<Self, clap::Error> {
        let mut command = command::<R>();
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

fn command<R: Role>() -> clap::Command {
    let environment = R::ENVIRONMENT;
    Arguments::command()
        .name(R::PROGRAM)
        .about(R::SUMMARY)
        .after_help(format!(
            "\
Any setting can also be given in the environment, which overrides the file: {environment}__NAME for `name`,
{environment}__ADMIN__LISTEN for `listen` in [admin]; lists are separated by commas.

SIGTERM or SIGINT drains in order, a second one ends at once. The exit code is 0 when it was asked to end,
1 when it failed and 2 when the command line was wrong."
        ))
}

#[cfg(test)]
pub(super) fn check_command<R: Role>() {
    command::<R>().debug_assert();
}
