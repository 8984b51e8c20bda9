//! Looks again and again until what is waited for has come.

use super::goal::{Goal, Picture};
use crate::cluster::Cluster;
use crate::output::Output;
use anyhow::{Result, bail};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait between two looks. A move takes some hundred milliseconds.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// What has moved. The fields are what `--json` shows.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Moved {
    pub(crate) member: String,
    /// Of the members when it was done.
    pub(crate) epoch: u64,
    pub(crate) slots_moved: u64,
    pub(crate) users_moved: u64,
    /// With one decimal.
    pub(crate) seconds: f64,
}

/// Waits until it is done.
///
/// # Errors
/// The time is over, or the member has left; says what is missing.
pub(crate) async fn watch(
    cluster: &Cluster,
    (member, goal): (&str, &Goal),
    seconds: u64,
    output: &Output,
) -> Result<Moved> {
    let mut progress = output.progress(goal.slots());
    let mut show = |slots, text: &str| progress.show(slots, text);
    watch_and_show(cluster, (member, goal), seconds, &mut show).await
}

/// The same, where how far it is is shown otherwise: slots that have moved, and all of it in words.
///
/// # Errors
/// As [`watch`].
pub(crate) async fn watch_and_show(
    cluster: &Cluster,
    (member, goal): (&str, &Goal),
    seconds: u64,
    show: &mut dyn FnMut(u64, &str),
) -> Result<Moved> {
    let began = Instant::now();
    let mut last = Picture::default();
    let looking = async {
        loop {
            let Some(picture) = look(cluster, goal, &last).await else {
                bail!(
                    "{member} is no member any more, so it has ended or lost its lease: others have its people; \
                     `homeport members` shows who is left"
                );
            };
            last = picture;
            if last.is_reached() {
                return Ok(());
            }
            show(last.slots_moved, &format!("{member}: {}", last.text()));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(seconds), looking).await {
        Ok(looked) => looked?,
        Err(_) => bail!(
            "not done after {seconds} s ({}): {}",
            last.text(),
            if last.missing.is_empty() {
                "nothing is known yet".to_owned()
            } else {
                last.missing.join("; ")
            }
        ),
    }
    Ok(Moved {
        member: member.to_owned(),
        epoch: last.epoch,
        slots_moved: last.slots_moved,
        users_moved: last.users_moved,
        seconds: (began.elapsed().as_secs_f64() * 10.0).round() / 10.0,
    })
}

/// How far it is; as it was before, with the reason, while the members cannot be read. None when the member has left.
async fn look(cluster: &Cluster, goal: &Goal, before: &Picture) -> Option<Picture> {
    match cluster.placement().await {
        Ok(placement) => {
            let loads = cluster.loads(placement.members()).await;
            goal.look(&placement, &loads)
        }
        Err(error) => Some(Picture {
            missing: vec![format!("{error:#}")],
            ..before.clone()
        }),
    }
}
