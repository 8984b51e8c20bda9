//! A home server alone is cut off from etcd, and holds on: others have its people when its lease has ended, and it does
//! not know. It must not tell anybody anything about them, and store nothing.

use crate::scene::{LEASE_LOST, client, expect};
use anyhow::ensure;
use rvp::PresenceState;
use std::time::Duration;
use tests::client::{ALL_PROPERTIES, NamedView, SetState};
use tests::listener::Heard;
use tests::wait::until;
use tests::{Client, Failure, Plan, Processes};

const MINUTE: Duration = Duration::from_secs(60);
/// What counts what a home server handed to the store.
const WRITES: &str = "homeport_homeserver_store_writes_total";
/// What counts how often a home server told watchers of a change.
const SPREAD: &str = "homeport_homeserver_changes_spread_total";

#[test]
fn a_home_server_cut_off_from_etcd_does_nothing_for_people_it_has_lost() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut processes = Processes::new(Plan::with_homes(2)).await?;
        for complaint in LEASE_LOST {
            processes.allow(complaint);
        }
        processes.allow("members cannot be followed");
        processes.expect("another home has taken a slot over");
        processes.let_time_pass()?;
        processes.put_behind_gate("home-2")?;
        if let Err(error) = story(&mut processes).await {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

async fn story(processes: &mut Processes) -> anyhow::Result<()> {
    processes.begin_everything().await?;
    let mut maxb = client(processes, "maxb", "home-2").await?;
    let mut deriks = client(processes, "deriks", "home-1").await?;
    expect(200, &maxb.log_on(14_400).await?)?;
    set(&mut maxb, PresenceState::Busy, 20 * MINUTE).await?;
    expect(200, &deriks.log_on(14_400).await?)?;
    expect(207, &deriks.watch(&maxb.me().clone(), 14_400).await?)?;

    processes.gate("home-2")?.set_open(false);
    processes.becomes_member("home-2", false).await?;
    // The new home knows that he stays, the old one does not.
    set(&mut maxb, PresenceState::Busy, 60 * MINUTE).await?;
    let told = processes.metric("home-2", SPREAD).await?;
    let before = processes.metric("home-2", WRITES).await?;
    processes.advance(21 * MINUTE).await?;
    until("the old home to find that he has gone", async || {
        Ok((processes.metric("home-2", WRITES).await? > before).then_some(()))
    })
    .await?;
    set(&mut maxb, PresenceState::Away, 60 * MINUTE).await?;
    hears(&deriks, &maxb, PresenceState::Away).await?;

    ensure!(
        processes.metric("home-2", SPREAD).await?.total_cmp(&told).is_eq(),
        "the old home has told watchers of somebody it had lost"
    );

    processes.gate("home-2")?.set_open(true);
    // It learns that its lease is lost, and joins again by itself.
    processes.becomes_member("home-2", true).await?;
    let found = deriks.find(maxb.me(), &ALL_PROPERTIES).await?.state()?;
    ensure!(
        found == PresenceState::Away,
        "the old home has stored that he is {found:?}"
    );
    // Whoever has somebody anew tells once more what it does not know to have been told.
    let again = change(&maxb, PresenceState::Away);
    set(&mut maxb, PresenceState::Online, 60 * MINUTE).await?;
    let heard = deriks
        .listener
        .next("a change", |heard| heard.to_string() != again)
        .await?;
    is_change(&heard, &maxb, PresenceState::Online)
}

async fn set(client: &mut Client, state: PresenceState, lease: Duration) -> anyhow::Result<()> {
    let set = SetState {
        state: state.name(),
        lease: Some(u32::try_from(lease.as_secs())?),
        view: NamedView::Usual,
    };
    expect(207, &client.set_state(set).await?)
}

/// The next thing heard, and the last so far, is this state.
async fn hears(listener: &Client, of: &Client, state: PresenceState) -> anyhow::Result<()> {
    let heard = listener.listener.next("a change", |_| true).await?;
    is_change(&heard, of, state)
}

fn is_change(heard: &Heard, of: &Client, state: PresenceState) -> anyhow::Result<()> {
    let expected = change(of, state);
    ensure!(heard.to_string() == expected, "it heard {heard}, not {expected}");
    Ok(())
}

fn change(of: &Client, state: PresenceState) -> String {
    format!("change of {}: [State({state:?})]", of.me())
}
