//! A home server's process that may be killed: one of this machine that runs with the settings which an `up` has written
//! into the data folder, and that this `up` has started. No other is ever touched.

use anyhow::{Context, Result, bail};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs;
use std::path::{Path, PathBuf};

const HOME_SERVER: &str = "homeport-homeserver";
const PARENT: &str = "homeport";

/// The process. Its handle stays its own, also when the number is given to another.
pub(super) struct Victim {
    handle: OwnedFd,
    parent: Vec<String>,
}

impl Victim {
    /// The process of a home server by its name, started by this process or by any `homeport up`.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn find(data: &Path, member: &str, parent: Option<u32>) -> Result<Self> {
        let settings = data.join("settings").join(format!("{member}.toml"));
        let settings = fs::canonicalize(&settings).with_context(|| {
            format!(
                "{member} is no process that `homeport up --processes` has started on {}",
                data.display()
            )
        })?;
        for pid in processes() {
            if !is_home_server(&arguments(pid), &settings) {
                continue;
            }
            let Some(handle) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
            else {
                continue;
            };
            let Some(by) = parent_of(pid) else { continue };
            let started_by = arguments(by);
            let is_up = is_program(&started_by, PARENT) && started_by.iter().any(|argument| argument == "up");
            let is_meant = parent.is_none_or(|parent| i32::try_from(parent) == Ok(by));
            // Looked at again: the handle is of whoever has the number since.
            if is_up && is_meant && is_home_server(&arguments(pid), &settings) {
                return Ok(Self {
                    handle,
                    parent: started_by,
                });
            }
        }
        bail!(
            "no process of {member} was started by `homeport up --processes` on {}",
            data.display()
        )
    }

    /// Whether it is started again when it dies.
    pub(super) fn is_restarted(&self) -> bool {
        self.parent.iter().any(|argument| argument == "--restart")
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Errors
    /// It has ended, or is somebody else's.
    pub(super) fn kill(&self) -> Result<()> {
        pidfd_send_signal(&self.handle, Signal::KILL).context("kill the home server")
    }
}

fn processes() -> Vec<i32> {
    let folder = fs::read_dir("/proc").into_iter().flatten();
    let names = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    names.collect()
}

fn arguments(pid: i32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let arguments = line.split(|octet| *octet == 0);
    arguments
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

fn is_program(arguments: &[String], name: &str) -> bool {
    let program = arguments.first().map(PathBuf::from);
    program
        .as_ref()
        .and_then(|path| path.file_name())
        .is_some_and(|is| is == name)
}

/// Whether that is a home server with these settings.
fn is_home_server(arguments: &[String], settings: &Path) -> bool {
    let mut rest = arguments
        .iter()
        .skip_while(|argument| *argument != "--config")
        .skip(1);
    is_program(arguments, HOME_SERVER)
        && rest
            .next()
            .is_some_and(|file| fs::canonicalize(file).is_ok_and(|file| file == settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn only_a_home_server_with_the_settings_of_the_folder_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("home-1.toml");
        let other = folder.path().join("home-2.toml");
        for file in [&settings, &other] {
            fs::write(file, "").unwrap();
        }
        let settings = fs::canonicalize(settings).unwrap();
        let path = settings.display();
        let is = |line: String| is_home_server(&words(&line), &settings);
        assert!(is(format!("/opt/homeport-homeserver --config {path}")));
        assert!(is(format!(
            "homeport-homeserver --config {}/./home-1.toml",
            folder.path().display()
        )));
        for line in [
            format!("homeport-router --config {path}"),
            format!("homeport-homeserver --config {}", other.display()),
            format!("homeport-homeserver {path}"),
            "homeport-homeserver --config".to_owned(),
            "homeport-homeserver --config /no/such/file".to_owned(),
            String::new(),
        ] {
            assert!(!is(line.clone()), "{line}");
        }
    }

    #[test]
    fn whoever_was_not_started_by_an_up_is_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let said = |name: &str| {
            let found = Victim::find(folder.path(), name, None);
            found.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(
            said("home-1").contains("home-1 is no process"),
            "{}",
            said("home-1")
        );
        fs::create_dir(folder.path().join("settings")).unwrap();
        fs::write(folder.path().join("settings/home-1.toml"), "").unwrap();
        assert!(
            said("home-1").contains("no process of home-1 was started"),
            "{}",
            said("home-1")
        );
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(processes().contains(&own) && parent_of(own).is_some());
    }
}
