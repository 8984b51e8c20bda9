//! What the server uses: of processes of this machine from the operating system.

use crate::Error;
use crate::processes::{self, Process, Used};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// How the server's processes are found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Server {
    /// Those that listen where the routers are, if they are of this machine, with the other roles that
    /// `homeport up --processes` has started.
    Found,
    /// These of this machine.
    Processes(Vec<u32>),
}

/// The processes that are looked at.
pub(crate) struct Watched {
    processes: Vec<Process>,
}

/// What a process used.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ProcessUse {
    /// What it runs.
    pub name: String,
    /// Its number.
    pub pid: u32,
    /// Seconds of processor time while it was measured.
    pub cpu_seconds: f64,
    /// Resident memory at the end.
    pub rss_mb: f64,
}

/// What the server has used at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) all: Used,
    each: BTreeMap<Process, Used>,
}

pub(crate) fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}

impl Watched {
    /// # Errors
    /// [`Error::Usage`]: a process that was named is not there.
    pub(crate) fn find(server: &Server, routers: &[SocketAddr]) -> Result<Self, Error> {
        let processes = match server {
            Server::Found => {
                let here = routers.iter().all(|address| address.ip().is_loopback());
                if here {
                    processes::behind(routers)
                } else {
                    Vec::new()
                }
            }
            Server::Processes(pids) => {
                let of = |pid: &u32| {
                    Process::of(*pid).map_err(|error| Error::Usage(format!("process {pid}: {error}")))
                };
                pids.iter().map(of).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { processes })
    }

    /// Whether anything is known.
    pub(crate) fn is_known(&self) -> bool {
        !self.processes.is_empty()
    }

    /// # Errors
    /// [`Error::Usage`]: one of them has ended.
    pub(crate) fn now(&self) -> Result<Moment, Error> {
        let used = processes::used(&self.processes);
        let (all, each) = used.map_err(|error| Error::Usage(error.to_string()))?;
        Ok(Moment { all, each })
    }
}

impl Moment {
    /// What each process used since an earlier moment.
    pub(crate) fn since(&self, before: &Self) -> Vec<ProcessUse> {
        let each = self.each.iter().map(|(process, used)| {
            let earlier = before.each.get(process).map_or(0.0, |used| used.cpu);
            ProcessUse {
                name: process.name.clone(),
                pid: process.pid,
                cpu_seconds: used.cpu - earlier,
                rss_mb: megabytes(used.resident),
            }
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_not_there_is_named() {
        let missing = Watched::find(&Server::Processes(vec![u32::MAX]), &[]);
        assert!(
            missing
                .err()
                .is_some_and(|error| error.to_string().contains("4294967295"))
        );
        let elsewhere = Watched::find(&Server::Found, &["192.0.2.1:80".parse().unwrap()]).unwrap();
        assert!(!elsewhere.is_known());
    }

    #[test]
    fn what_was_used_is_the_difference() {
        let own = Watched::find(&Server::Processes(vec![std::process::id()]), &[]).unwrap();
        let before = own.now().unwrap();
        let [used] = &own.now().unwrap().since(&before)[..] else {
            panic!("there is one process");
        };
        assert!(used.cpu_seconds < 60.0 && used.rss_mb > 1.0, "{used:?}");
        assert_eq!(used.pid, std::process::id());
    }
}
