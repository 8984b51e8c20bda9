//! The cluster as its operator sees it: which home server has the most people, and what is done to it.

use super::started::Started;
use super::victim::Victim;
use crate::cluster::{Cluster, Where, others_may_take};
use crate::data::DataDir;
use crate::load::target::Target;
use crate::moving::{Goal, Towards, watch_and_show};
use ::load::certify;
use anyhow::{Context, Result, anyhow};
use membership::{Member, MemberId, Phase, Placement};
use proto::Op;
use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

/// How long a drain may take, and to give back what was drained.
const DRAIN_WAIT: u64 = 30;
/// How long to wait for that at the end, when somebody waits for this to end.
const GIVE_BACK_WAIT: Duration = Duration::from_secs(10);

/// The cluster.
pub(super) struct Place {
    /// The folder of its `up`, where it is on this machine.
    data: Option<PathBuf>,
    /// The processes are children of this one, and what dies is started again.
    started: Option<(u32, bool)>,
    cluster: Option<Cluster>,
    topology: Option<String>,
    routers: u32,
    homes: Option<u32>,
    /// Who has been told to drain, and not yet to take people again.
    drained: RefCell<Option<MemberId>>,
}

/// The home server with the most people.
pub(super) struct Fullest {
    placement: Placement,
    pub(super) member: Member,
    pub(super) people: u64,
}

impl Place {
    /// Looks at it. What cannot be found out is not known.
    pub(super) async fn find(target: &Target, started: Option<&Started>, routers: usize) -> Self {
        let data = started.map_or_else(|| target.data(), |started| Some(started.data()));
        let cluster = match data {
            Some(data) => Where::on(data.to_owned()).connect().await.ok(),
            None => None,
        };
        let homes = match &cluster {
            Some(cluster) => cluster.members().await.ok().map(|members| members.iter().count()),
            None => None,
        };
        let recorded = data.and_then(|data| DataDir::open(data).ok()?.recorded().ok()?);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            data: data.map(ToOwned::to_owned),
            started: started.and_then(|started| Some((started.pid()?, started.restarts()))),
            cluster,
            topology: recorded.and_then(|recorded| Some(recorded.load().ok()?.name)),
            routers: number(routers),
            homes: homes.map(number),
            drained: RefCell::default(),
        }
    }

    pub(super) fn described(&self, started: bool) -> certify::Cluster {
        certify::Cluster {
            topology: self.topology.clone(),
            started,
            routers: self.routers,
            home_servers: self.homes,
        }
    }

    fn cluster(&self) -> Result<&Cluster> {
        self.cluster
            .as_ref()
            .context("its home servers cannot be asked from here")
    }

    /// The active home server with the most people.
    ///
    /// # Errors
    /// They cannot be asked, or there is none.
    pub(super) async fn fullest(&self) -> Result<Fullest> {
        let cluster = self.cluster()?;
        let placement = cluster.placement().await?;
        let loads = cluster.loads(placement.members()).await;
        let people = |member: &Member| {
            let load = loads.get(member.id.as_str()).and_then(|load| load.as_ref().ok());
            load.map_or(0, |load| u64::from(load.online))
        };
        let active = placement.members().iter();
        let fullest = active
            .filter(|member| member.phase == Phase::Active)
            .max_by_key(|member| people(member))
            .cloned();
        let member = fullest.context("no home server is active")?;
        Ok(Fullest {
            people: people(&member),
            placement,
            member,
        })
    }

    /// Whether somebody else could have its people.
    ///
    /// # Errors
    /// Nobody could.
    pub(super) fn others_may_take(&self, fullest: &Fullest) -> Result<()> {
        others_may_take(fullest.placement.members(), &fullest.member.id)
    }

    /// Drains it until it is empty.
    ///
    /// # Errors
    /// It does not, or it takes too long.
    pub(super) async fn drain(&self, fullest: &Fullest, say: &dyn Fn(&str)) -> Result<()> {
        self.drained.replace(Some(fullest.member.id.clone()));
        self.change(&fullest.member.id, Op::Drain, Towards::Others, say)
            .await
    }

    /// Gives people again to who was drained, if somebody was.
    ///
    /// # Errors
    /// It does not take them, or it takes too long.
    pub(super) async fn undrain(&self, say: &dyn Fn(&str)) -> Result<()> {
        let drained = self.drained.borrow().clone();
        if let Some(member) = drained {
            self.change(&member, Op::Undrain, Towards::Itself, say).await?;
            self.drained.replace(None);
        }
        Ok(())
    }

    async fn change(&self, member: &MemberId, op: Op, towards: Towards, say: &dyn Fn(&str)) -> Result<()> {
        let cluster = self.cluster()?;
        let placement = cluster.placement().await?;
        let gone = || anyhow!("{member} is no member any more");
        let found = placement.members().get(member).ok_or_else(gone)?;
        let loads = cluster.loads(placement.members()).await;
        let goal = Goal::new(found, towards, &placement, &loads);
        cluster.tell(found, op).await?;
        let mut show = |_slots, text: &str| say(text);
        watch_and_show(cluster, (member.as_str(), &goal), DRAIN_WAIT, &mut show).await?;
        Ok(())
    }

    /// The process of a home server, to be killed: only one that an `up` on the folder has started.
    ///
    /// # Errors
    /// There is none; or nobody would have its people, since there is no other and it would not be started again.
    pub(super) fn victim(&self, fullest: &Fullest) -> Result<Victim> {
        let data = self
            .data
            .as_ref()
            .context("the folder of its `up` is not known")?;
        let parent = self.started.map(|(parent, _)| parent);
        let victim = Victim::find(data, fullest.member.id.as_str(), parent)?;
        let restarts = self
            .started
            .map_or_else(|| victim.is_restarted(), |(_, restarts)| restarts);
        if !restarts {
            self.others_may_take(fullest)?;
        }
        Ok(victim)
    }

    /// Leaves it as it was, as far as that can be done in a moment.
    pub(super) async fn leave(self) {
        let given_back = timeout(GIVE_BACK_WAIT, self.undrain(&|_| {})).await;
        // It goes on by itself once it was told.
        drop(given_back);
        if let Some(cluster) = self.cluster {
            cluster.close().await;
        }
    }
}
