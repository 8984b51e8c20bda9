//! A running cluster, as a command finds it and asks it: who its members are, and how each of them is.
//!
//! The members come from etcd, or from whichever home server answers first. Either way the placement is computed
//! here, as every process computes it. Home servers are asked over links, as an operator.

mod etcd;
mod find;
mod known;
mod links;
mod owned;
mod takers;

pub(crate) use find::find;
pub(crate) use owned::{Loans, loans, owned, without_loans};
pub(crate) use takers::others_may_take;

use crate::data::{self, DataDir, Running};
use anyhow::{Context, Result, bail};
use daemon::Tasks;
use futures_util::FutureExt;
use futures_util::future::{join_all, select_ok};
use membership::{EtcdMembership, Member, Members, Membership, Placement};
use proto::operator::HomeLoad;
use proto::{Answer, Call, Links, Op, Refusal};
use rvp::Fault;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long one question to a home server may take, opening the link included.
pub(crate) const ASK_WAIT: Duration = Duration::from_secs(3);
/// How long background tasks may take to end.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// Which cluster is meant.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Which cluster")]
pub(crate) struct Where {
    /// The data folder of a `homeport up` that runs
    #[arg(long, value_name = "DIR", default_value = data::DEFAULT, conflicts_with_all = ["etcd", "home"])]
    data: PathBuf,
    /// The link address of a home server, any one; several are asked at once
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', value_parser = links::address, conflicts_with = "etcd")]
    home: Vec<String>,
    #[command(flatten)]
    etcd: etcd::EtcdArguments,
}

/// A cluster that is asked.
pub(crate) struct Cluster {
    source: Source,
    links: Links,
    tasks: Tasks,
}

/// Who says who the members are.
enum Source {
    Etcd(Arc<EtcdMembership>),
    Homes(Vec<String>),
}

/// Why a home server did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unanswered {
    /// It cannot be linked, or says nothing.
    #[error(transparent)]
    Link(#[from] proto::link::Error),
    /// It has not answered in time.
    #[error("no answer in {} s", ASK_WAIT.as_secs())]
    Late,
    /// It refuses.
    #[error("it refuses: {0}")]
    Refused(&'static str),
    /// Another home server is to be asked, by the members of this epoch.
    #[error("at epoch {epoch} it is not the home")]
    Moved {
        /// The epoch that it knows.
        epoch: u64,
    },
    /// There is nobody by this name.
    #[error("there is no such person")]
    NoSuchPerson,
    /// It answers something else.
    #[error("it answers something else than was asked; run the same release everywhere")]
    Confused,
}

/// How every member is, by id.
pub(crate) type Loads = BTreeMap<String, Result<HomeLoad, Unanswered>>;

impl Where {
    /// What runs on a data folder.
    pub(crate) fn on(data: PathBuf) -> Self {
        Self {
            data,
            home: Vec::new(),
            etcd: etcd::EtcdArguments::default(),
        }
    }

    /// Finds the cluster.
    ///
    /// # Errors
    /// Nothing runs there, or it cannot be reached; says what to do about it.
    pub(crate) async fn connect(&self) -> Result<Cluster> {
        let tasks = Tasks::new();
        let source = self.source(&tasks).await?;
        Ok(Cluster {
            source,
            links: links::links(&tasks),
            tasks,
        })
    }

    async fn source(&self, tasks: &Tasks) -> Result<Source> {
        if !self.home.is_empty() {
            return Ok(Source::Homes(self.home.clone()));
        }
        if let Some(config) = self.etcd.config()? {
            return Ok(Source::Etcd(etcd::follow(config, tasks).await?));
        }
        let folder = self.data.display();
        let nothing_runs = || {
            format!(
                "nothing runs on {folder}: start it with `homeport up`, or say with --data, --etcd or --home \
                 where the cluster is"
            )
        };
        match DataDir::open(&self.data).with_context(nothing_runs)?.running()? {
            None => bail!(nothing_runs()),
            Some(Running::OneProcess { homes, .. }) => {
                Ok(Source::Homes(homes.iter().map(ToString::to_string).collect()))
            }
            Some(Running::Processes { etcd, prefix, .. }) => {
                let config = etcd::own(etcd, prefix);
                let ended =
                    || format!("what ran on {folder} does not answer: start it again with `homeport up`");
                Ok(Source::Etcd(
                    etcd::follow(config, tasks).await.with_context(ended)?,
                ))
            }
        }
    }

    /// As arguments of another command for the same cluster, for texts that say what to do next.
    pub(crate) fn arguments(&self) -> String {
        if let Some(arguments) = self.etcd.text() {
            arguments
        } else if !self.home.is_empty() {
            format!(" --home {}", self.home.join(","))
        } else if self.data.as_os_str() == data::DEFAULT {
            String::new()
        } else {
            format!(" --data {}", self.data.display())
        }
    }
}

impl Cluster {
    /// The members, as they are now known.
    ///
    /// # Errors
    /// No home server that was named answers, or one places people otherwise; says what to do.
    pub(crate) async fn members(&self) -> Result<Arc<Members>> {
        let members = match &self.source {
            Source::Etcd(etcd) => Arc::clone(&etcd.members().borrow()),
            Source::Homes(homes) => Arc::new(self.members_by(homes).await?),
        };
        known::check(&members)?;
        Ok(members)
    }

    /// The members as the first of these home servers tells them that answers.
    async fn members_by(&self, homes: &[String]) -> Result<Members> {
        let asked = homes.iter().map(|home| self.ask(home, 0, Op::Members).boxed());
        let cannot = || {
            format!(
                "no home server answers at {}: does it run, and are its links there?",
                homes.join(" or ")
            )
        };
        if homes.is_empty() {
            bail!("no home server is known: give one with --home");
        }
        let (answer, _) = select_ok(asked).await.with_context(cannot)?;
        let Answer::Members(known) = answer else {
            return Err(Unanswered::Confused.into());
        };
        Ok(known::members(known))
    }

    /// The placement, as it now is.
    ///
    /// # Errors
    /// As [`Cluster::members`]; nobody is a member.
    pub(crate) async fn placement(&self) -> Result<Placement> {
        let members = self.members().await?;
        if members.is_empty() {
            bail!(
                "the cluster has no members: start a home server, or look at the log of one for why it has not joined"
            );
        }
        Ok(Placement::new(members))
    }

    /// Records in etcd that cannot be read.
    pub(crate) fn corrupt_records(&self) -> u64 {
        match &self.source {
            Source::Etcd(etcd) => etcd.corrupt_records(),
            Source::Homes(_) => 0,
        }
    }

    /// Asks a home server something. The epoch is one that it must know before it answers; 0 for none.
    ///
    /// # Errors
    /// [`Unanswered`] when it has not done what was asked, as far as is known here.
    pub(crate) async fn ask(&self, address: &str, epoch: u64, op: Op) -> Result<Answer, Unanswered> {
        let call = Call {
            deadline: ASK_WAIT,
            epoch,
            trace: None,
            op,
        };
        let answered = tokio::time::timeout(ASK_WAIT, async {
            let link = self.links.to(address).await?;
            link.call(call).await
        });
        match answered.await {
            Err(_) => Err(Unanswered::Late),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(Refusal::Moved { epoch }))) => Err(Unanswered::Moved { epoch }),
            Ok(Ok(Err(Refusal::Fault(Fault::NoSuchPrincipal)))) => Err(Unanswered::NoSuchPerson),
            Ok(Ok(Err(Refusal::Fault(fault)))) => Err(Unanswered::Refused(fault.reason())),
        }
    }

    /// How every member is. All are asked at once, so one that does not answer holds up nobody but the caller, for
    /// [`ASK_WAIT`].
    pub(crate) async fn loads(&self, members: &Members) -> Loads {
        let asked = members
            .iter()
            .map(|member| async { (member.id.to_string(), self.load(&member.address).await) });
        join_all(asked).await.into_iter().collect()
    }

    async fn load(&self, address: &str) -> Result<HomeLoad, Unanswered> {
        let Answer::Load(load) = self.ask(address, 0, Op::Load).await? else {
            return Err(Unanswered::Confused);
        };
        Ok(load)
    }

    /// Tells a member to do something that has no answer but that it is done.
    ///
    /// # Errors
    /// [`Unanswered`]; whether it was done is then not known, unless the member refused.
    pub(crate) async fn tell(&self, member: &Member, op: Op) -> Result<(), Unanswered> {
        let done = self.ask(&member.address, 0, op).await? == Answer::Done;
        done.then_some(()).ok_or(Unanswered::Confused)
    }

    /// Ends what runs in the background.
    pub(crate) async fn close(self) {
        // The process ends after it, whatever is left.
        let _left = self.tasks.drain(CLOSE_WAIT).await;
    }
}

/// So many of so many in percent, with one decimal.
pub(crate) fn percent(part: u64, whole: u32) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "numbers of people are far below 2^52")]
    let tenths = (part as f64 * 1_000.0 / f64::from(whole.max(1))).round();
    tenths / 10.0
}

#[cfg(test)]
#[path = "cluster/cluster_tests.rs"]
mod tests;
