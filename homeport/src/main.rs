//! `homeport`: the one command of the project. Every noun and verb of the command line has its own file below.
//!
//! What all of them have in common: data goes to standard output and everything else to standard error; the
//! exit code is 0 when it was done, 1 when it failed and 2 when the command line was wrong; a password is
//! never an argument.

mod archive;
mod backup;
mod certify;
mod chat;
mod child;
mod cluster;
mod copying;
mod data;
mod drain;
mod explain;
mod load;
mod members;
mod move_store;
mod moving;
mod output;
mod plan;
mod resolve;
mod restore;
mod undrain;
mod up;
mod user;

use clap::{Parser, Subcommand};
use output::Output;
use std::process::ExitCode;

/// A message is many small blocks that come and go, and a person is many that stay: this one wastes less of both.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Homeport: instant messaging and presence that an organisation runs itself
#[derive(Parser, Debug)]
#[command(
    name = "homeport",
    version,
    after_help = "\
Examples:
  homeport up --demo
      Run a whole cluster in this process, with accounts to try it
  homeport user add alice@im.example.com --legacy --password-stdin < password.txt
      Make an account
  homeport chat alice@localhost
      Talk with people
  homeport resolve alice@example.com
      Show step by step where clients find somebody
  homeport members
      Show the home servers of a cluster that runs, and how each of them is
  homeport load messages --make-accounts --users 1000 --rate 500
      Measure a cluster that runs: a thousand people who write to each other
  homeport certify enterprise --allow-kill --allow-drain
      Find out how many people and messages this machine carries, and write a report
  homeport backup monday.backup
      Copy everything that is kept while the cluster runs
  homeport archive verify
      Check that nothing is missing from the archives, and nothing was changed

Data goes to standard output, everything else to standard error. The exit code is 0 when it was done, \
1 when it failed and 2 when the command line was wrong. Colours are left out where NO_COLOR is set."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Child(child::Child),
    Up(up::Up),
    Chat(Box<chat::Chat>),
    User(user::User),
    Resolve(resolve::Resolve),
    Members(members::MembersCommand),
    Drain(drain::Drain),
    Undrain(undrain::Undrain),
    Explain(explain::Explain),
    Plan(plan::Plan),
    Load(load::Load),
    Certify(Box<certify::Certify>),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Store(move_store::StoreCommand),
    Archive(archive::ArchiveCommand),
}

/// The command line asks for something that cannot be meant. Ends the process with 2, as other mistakes in a
/// command line do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

impl Command {
    fn run(self, output: &Output) -> anyhow::Result<()> {
        match self {
            // Without a runtime, since it becomes another program.
            Self::Child(child) => match child.run()? {},
            // Has a runtime of its own, which does not wait for standard input at the end.
            Self::Chat(chat) => chat.run(output),
            // Has runtimes of its own: the floor's has one thread.
            Self::Load(load) => load.run(output),
            Self::Certify(certify) => certify.run(output),
            Self::Up(up) => wait_for(Box::pin(up.run(output))),
            Self::User(user) => wait_for(Box::pin(user.run(output))),
            Self::Resolve(resolve) => wait_for(Box::pin(resolve.run(output))),
            Self::Members(members) => wait_for(Box::pin(members.run(output))),
            Self::Drain(drain) => wait_for(Box::pin(drain.run(output))),
            Self::Undrain(undrain) => wait_for(Box::pin(undrain.run(output))),
            Self::Explain(explain) => wait_for(Box::pin(explain.run(output))),
            Self::Plan(plan) => wait_for(Box::pin(plan.run(output))),
            Self::Backup(backup) => wait_for(Box::pin(backup.run(output))),
            Self::Restore(restore) => wait_for(Box::pin(restore.run(output))),
            Self::Store(store) => wait_for(Box::pin(store.run(output))),
            Self::Archive(archive) => wait_for(Box::pin(archive.run(output))),
        }
    }
}

#[tokio::main]
async fn wait_for(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    work.await
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new();
    let done = cli.command.run(&output).and_then(|()| output.finish());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        fn check(command: &clap::Command) {
            let own = command.get_subcommands().count() == 0;
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!own || help.starts_with("Examples:\n"), "{}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
