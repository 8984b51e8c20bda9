//! What to do when the membership no longer counts us: stop serving, and join again.
//!
//! A lease can end though nothing is wrong with this home: it was held still for a while, or etcd was, and then
//! all leases end at once. Others have been given its slots, or will be in a moment, so it is home to nobody any
//! more: that it sees as everybody does, in the members. So it needs no restart to come back, only a new lease.

use crate::served::Served;
use crate::standing::Standing;
use daemon::{OnError, Tasks};
use membership::{Error, Joined, Member, Membership, Terminal};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Pause between tries to join again.
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// How long a namesake is waited for: longer than a lease lives that this home gave up. One that is there then
/// has been started in its place.
const NAMESAKE_PATIENCE: u32 = 80;

/// Keeps the home a member.
pub(crate) struct Lease {
    pub(crate) membership: Arc<dyn Membership>,
    pub(crate) member: Member,
    pub(crate) standing: Standing,
    pub(crate) served: Served,
}

impl Lease {
    /// Joins again whenever the lease is lost. The home server fails when another one has its name, or the
    /// membership refuses it for good.
    pub(crate) fn keep(self, lost: watch::Receiver<bool>, tasks: &Tasks) {
        let cancelled = tasks.cancelled();
        tasks.spawn("lease", OnError::Stop, async move {
            match cancelled.run_until_cancelled(self.run(lost)).await {
                Some(refused) => Err(refused.into()),
                None => Ok(()),
            }
        });
    }

    async fn run(&self, mut lost: watch::Receiver<bool>) -> Error {
        loop {
            if lost.wait_for(|lost| *lost).await.is_err() {
                // Who gives a lease back has not lost it.
                std::future::pending::<()>().await;
            }
            let member = self.member.id.as_str();
            tracing::warn!(member, "the lease is lost, others have its people; joining again");
            self.served.stop_all();
            match self.join().await {
                Ok(joined) => {
                    lost = joined.lost();
                    self.standing.replace(joined).await;
                    tracing::info!(member, "joined again");
                }
                Err(refused) => return refused,
            }
        }
    }

    /// Joins, however long the membership cannot be reached.
    async fn join(&self) -> Result<Box<dyn Joined>, Error> {
        let mut patience = NAMESAKE_PATIENCE;
        loop {
            let phase = self.standing.phase().await;
            let member = Member {
                phase,
                ..self.member.clone()
            };
            match self.membership.join(member).await {
                Err(Error::Retryable { .. }) => {}
                Err(Error::Terminal(Terminal::AlreadyThere(_))) if patience > 0 => patience -= 1,
                done => return done,
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membership::{EmbeddedMembership, MemberChange, Phase};

    const PATIENCE: Duration = Duration::from_secs(30);

    fn member() -> Member {
        Member {
            phase: Phase::Active,
            ..Member::new("home-1".into(), "127.0.0.1:7400", "core", 10)
        }
    }

    struct Scene {
        membership: Arc<EmbeddedMembership>,
        standing: Standing,
        served: Served,
        tasks: Tasks,
    }

    async fn scene() -> Scene {
        let (membership, tasks) = (EmbeddedMembership::new(), Tasks::new());
        let joined = membership.join(member()).await.unwrap();
        let lost = joined.lost();
        let standing = Standing::new(member(), joined);
        let served = Served::new();
        let lease = Lease {
            membership: Arc::<EmbeddedMembership>::clone(&membership),
            member: member(),
            standing: standing.clone(),
            served: served.clone(),
        };
        lease.keep(lost, &tasks);
        Scene {
            membership,
            standing,
            served,
            tasks,
        }
    }

    async fn until(scene: &Scene, phase: Option<Phase>) {
        let mut members = scene.membership.members();
        let wanted = members.wait_for(|members| {
            let found = members.get(&"home-1".into()).map(|member| member.phase);
            found == phase
        });
        tokio::time::timeout(PATIENCE, wanted).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_lost_lease_is_followed_by_another_one_with_the_same_phase() {
        let scene = scene().await;
        let drain = MemberChange::phase(Phase::Draining);
        scene.standing.update(drain).await.unwrap();
        for _ in 0..3 {
            let slot = membership::Slot::all().next().unwrap();
            scene.served.begin(&[slot], 1);
            assert!(scene.membership.expire(&"home-1".into()));
            until(&scene, Some(Phase::Draining)).await;
            assert!(!scene.served.serves(slot), "others have had its people");
        }
        let undrain = MemberChange::phase(Phase::Active);
        while scene.standing.update(undrain.clone()).await.is_err() {
            // The new lease is in its place a moment after it is seen.
            tokio::task::yield_now().await;
        }
        until(&scene, Some(Phase::Active)).await;
        assert!(scene.tasks.drain(PATIENCE).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_namesake_that_stays_ends_the_home_server() {
        let scene = scene().await;
        let mut members = scene.membership.members();
        assert!(scene.membership.expire(&"home-1".into()));
        let _namesake = scene.membership.join(member()).await.unwrap();
        members.changed().await.unwrap();
        let failure = scene.tasks.failed().await;
        assert!(
            failure.to_string().contains("home-1 is already there"),
            "{failure}"
        );
    }

    #[tokio::test]
    async fn a_lease_that_is_given_back_is_not_lost() {
        let scene = scene().await;
        scene.standing.leave().await.unwrap();
        until(&scene, None).await;
        assert!(futures_util::FutureExt::now_or_never(scene.tasks.failed()).is_none());
        assert!(scene.tasks.drain(PATIENCE).await.is_empty());
        assert!(scene.membership.members().borrow().is_empty());
    }
}
