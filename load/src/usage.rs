//! What the server uses: of processes of this machine from the operating system, of others from their metrics.

use crate::Error;
use crate::processes::{self, Process, Used};
use crate::scraped::Scraped;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// How the server's processes are found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Server {
    /// Those that listen where the routers are, if they are of this machine, with the other roles that
    /// `homeport up --processes` has started.
    Found,
    /// These of this machine.
    Processes(Vec<u32>),
    /// The `HOST:PORT` of admin listeners, whose `/metrics` tell it.
    Metrics(Vec<String>),
}

/// What is looked at, and what each had used when it last told.
pub(crate) struct Watched {
    what: What,
    last: Mutex<BTreeMap<Named, Used>>,
}

/// A process by its name, and its number on this machine.
type Named = (String, Option<u32>);

enum What {
    /// Processes of this machine.
    Processes(Vec<Process>),
    /// Processes that tell it themselves.
    Metrics(Vec<Scraped>),
}

/// What a process used.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ProcessUse {
    /// What it runs.
    pub name: String,
    /// Its number, on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Seconds of processor time while it was measured.
    pub cpu_seconds: f64,
    /// Resident memory at the end.
    pub rss_mb: f64,
}

/// What the server has used at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) all: Used,
    each: BTreeMap<Named, Used>,
}

pub(crate) fn megabytes(octets: u64) -> f64 {
    octets as f64 / 1e6
}

impl Watched {
    /// # Errors
    /// [`Error::Usage`]: a process that was named is not there.
    pub(crate) async fn find(server: &Server, routers: &[SocketAddr]) -> Result<Self, Error> {
        let what = match server {
            Server::Found => {
                let here = routers.iter().all(|address| address.ip().is_loopback());
                What::Processes(if here {
                    processes::behind(routers)
                } else {
                    Vec::new()
                })
            }
            Server::Processes(pids) => {
                let of = |pid: &u32| {
                    Process::of(*pid).map_err(|error| Error::Usage(format!("process {pid}: {error}")))
                };
                What::Processes(pids.iter().map(of).collect::<Result<_, _>>()?)
            }
            Server::Metrics(listeners) => {
                let mut scraped = Vec::new();
                for listener in listeners {
                    scraped.push(Scraped::find(listener).await?);
                }
                What::Metrics(scraped)
            }
        };
        let last = Mutex::default();
        Ok(Self { what, last })
    }

    /// Whether anything is known.
    pub(crate) fn is_known(&self) -> bool {
        match &self.what {
            What::Processes(processes) => !processes.is_empty(),
            What::Metrics(scraped) => !scraped.is_empty(),
        }
    }

    /// What all use now. One that has ended since has used what it had when it last told, and has no memory.
    ///
    /// # Errors
    /// [`Error::Usage`]: one of them has never told.
    pub(crate) async fn now(&self) -> Result<Moment, Error> {
        let mut moment = Moment::default();
        match &self.what {
            What::Processes(processes) => {
                for process in processes {
                    let used = process.used();
                    let used = used.map_err(|error| Error::Usage(format!("{}: {error}", process.name)));
                    let name = (process.name.clone(), Some(process.pid));
                    moment.add(name.clone(), self.or_last(name, used)?);
                }
            }
            What::Metrics(scraped) => {
                for each in scraped {
                    let name = (each.name().to_owned(), None);
                    moment.add(name.clone(), self.or_last(name, each.used().await)?);
                }
            }
        }
        Ok(moment)
    }

    fn or_last(&self, name: Named, used: Result<Used, Error>) -> Result<Used, Error> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match used {
            Ok(used) => {
                last.insert(name, used);
                Ok(used)
            }
            Err(error) => {
                let last = last.get(&name).ok_or(error)?;
                Ok(Used {
                    cpu: last.cpu,
                    ..Used::default()
                })
            }
        }
    }
}

impl Moment {
    fn add(&mut self, process: Named, used: Used) {
        self.all += used;
        self.each.insert(process, used);
    }

    /// What each process used since an earlier moment.
    pub(crate) fn since(&self, before: &Self) -> Vec<ProcessUse> {
        let each = self.each.iter().map(|(process, used)| {
            let earlier = before.each.get(process).map_or(0.0, |used| used.cpu);
            let (name, pid) = process.clone();
            ProcessUse {
                name,
                pid,
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

    #[tokio::test]
    async fn a_process_that_is_not_there_is_named() {
        let missing = Watched::find(&Server::Processes(vec![u32::MAX]), &[]).await;
        assert!(
            missing
                .err()
                .is_some_and(|error| error.to_string().contains("4294967295"))
        );
        let elsewhere = Watched::find(&Server::Found, &["192.0.2.1:80".parse().unwrap()]).await;
        assert!(!elsewhere.unwrap().is_known());
    }

    #[tokio::test]
    async fn what_was_used_is_the_difference() {
        let own = Watched::find(&Server::Processes(vec![std::process::id()]), &[])
            .await
            .unwrap();
        let before = own.now().await.unwrap();
        let [used] = &own.now().await.unwrap().since(&before)[..] else {
            panic!("there is one process");
        };
        assert!(used.cpu_seconds < 60.0 && used.rss_mb > 1.0, "{used:?}");
        assert_eq!(used.pid, Some(std::process::id()));
    }

    #[tokio::test]
    async fn one_that_ended_counts_with_what_it_had_used() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let watched = Watched::find(&Server::Processes(vec![child.id()]), &[])
            .await
            .unwrap();
        let before = watched.now().await.unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let after = watched.now().await.unwrap();
        assert!((after.all.cpu - before.all.cpu).abs() < 1e-9);
        assert!(before.all.resident > 0 && after.all.resident == 0);
    }
}
