//! Runs in which one thing happens to somebody who is attached: ann, at the first router. The others, of whom bob may be
//! attached too, use the second one.

use crate::client::{Deed, Order};
use crate::history::{Asked, Gave, History, Person, Said};
use crate::invariants::broken;
use crate::plan::{Fault, Plan, What};
use crate::roles::router_name;
use crate::world::World;
use rvp::PresenceState;
use std::time::Duration;

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A world in which everybody has logged on after four seconds, and nothing else happens by itself.
fn attached(seed: u64, attached: &[Person]) -> World<'static> {
    let mut plan = Plan::quiet(seed);
    plan.attached = attached.to_vec();
    for act in &mut plan.acts {
        if let What::Person(who, Order { router, deed }) = &mut act.what {
            *router = router_name(if *who == "ann" { 1 } else { 2 });
            if let Deed::LogOn { seconds, .. } = deed {
                *seconds = 3_600;
            }
        }
    }
    let mut world = World::build(&plan);
    for act in plan.acts {
        world.run_until(act.at);
        world.act(act.what);
    }
    world.run_until(at(4_000));
    world
}

fn does(who: Person, deed: Deed) -> What {
    let router = router_name(2);
    What::Person(who, Order { router, deed })
}

/// bob writes to ann, every 400 ms until then.
fn writes(world: &mut World<'_>, numbers: std::ops::Range<u64>) {
    for number in numbers {
        world.run_until(at(4_000 + 400 * number));
        let deed = Deed::Say {
            to: "ann",
            text: format!("bob to ann, {number}"),
            insists: true,
        };
        world.act(does("bob", deed));
    }
}

/// The numbers of bob's messages in the order in which ann heard them.
fn heard(history: &History) -> Vec<u64> {
    let heard = history.heard().filter_map(|(_, who, _, said, _)| match said {
        Said::Message { text, .. } if who == "ann" => text.strip_prefix("bob to ann, ")?.parse().ok(),
        Said::Message { .. } | Said::Change { .. } => None,
    });
    heard.collect()
}

/// When bob was told that ann is in a state.
fn told(history: &History, of: Person, to: Person, state: PresenceState) -> Vec<Duration> {
    let told = history.heard().filter_map(|(at, who, _, said, _)| match said {
        Said::Change { of: other, seen } if who == to && *other == of && seen.state == Some(state) => {
            Some(at)
        }
        Said::Message { .. } | Said::Change { .. } => None,
    });
    told.collect()
}

/// With which session ann went on with which, and where.
fn resumed(history: &History) -> Vec<(u32, Gave, String)> {
    let requests = history.requests();
    let resumed = requests.iter().filter_map(|request| {
        let Asked::Resume { login } = request.asked else {
            return None;
        };
        let is_done = request.is_done();
        is_done.then(|| (*login, request.gave.clone(), request.router.to_owned()))
    });
    resumed.collect()
}

fn ends_well(mut world: World<'_>) -> History {
    world.mend_everything();
    world.ask_everybody();
    let history = world.history();
    assert_eq!(broken(&history), [""; 0]);
    history
}

/// The session goes on at the other router, and what was written meanwhile is heard once and in its order.
#[test]
fn a_router_dies_and_its_client_goes_on_at_the_other() {
    for seed in [1, 2, 3] {
        let mut world = attached(seed, &["ann"]);
        writes(&mut world, 0..3);
        world.act(What::Break(Fault::Crash(router_name(1))));
        writes(&mut world, 3..30);
        // By then the client has noticed that it hears nothing.
        world.run_until(at(30_000));
        let history = ends_well(world);
        assert_eq!(heard(&history), (0..30).collect::<Vec<_>>(), "seed {seed}");
        let resumed = resumed(&history);
        let [(session, gave, router)] = &resumed[..] else {
            panic!("seed {seed}: {resumed:?}");
        };
        assert_eq!((gave, router), (&Gave::Subscription(*session), &router_name(2)));
        // But for the log-off at the end.
        assert_eq!(told(&history, "ann", "bob", PresenceState::Offline).len(), 1);
    }
}

/// The router notices after 28 s that it hears nothing, and the session stays for 60 s more. The client, which comes back
/// later still, begins another one.
#[test]
fn who_is_cut_off_is_seen_until_the_time_to_come_back_is_over() {
    let mut world = attached(1, &["ann"]);
    let cuts = || [1, 2].map(|router| Fault::Cut(router_name(router), "ann".to_owned()));
    cuts().into_iter().for_each(|cut| world.act(What::Break(cut)));
    world.run_until(at(100_000));
    let history = world.history();
    let offline = told(&history, "ann", "bob", PresenceState::Offline);
    // It has said something within the 10 s before.
    let [offline] = offline[..] else {
        panic!("{offline:?}");
    };
    assert!((at(82_000)..at(94_000)).contains(&offline), "{offline:?}");
    let history = ends_well(world);
    let resumed = resumed(&history);
    let [(session, gave, _)] = &resumed[..] else {
        panic!("{resumed:?}");
    };
    assert_ne!(*gave, Gave::Subscription(*session), "it is another one");
    let online = told(&history, "ann", "bob", PresenceState::Online);
    assert!(online.iter().any(|told| *told > offline), "{online:?}");
}

/// The connection stays though its router is cut off from the homes, and once it is not the client is told what it has
/// missed: another router could not have told it.
#[test]
fn what_changes_while_a_router_is_cut_off_is_told_to_its_clients_afterwards() {
    let mut world = attached(1, &["ann"]);
    let homes = world.homes().to_vec();
    let cuts = || homes.iter().map(|home| Fault::Cut(router_name(1), home.clone()));
    cuts().for_each(|cut| world.act(What::Break(cut)));
    // By then the homes have noticed.
    world.run_until(at(8_000));
    let (state, number) = (PresenceState::Busy, 1_000);
    world.act(does("bob", Deed::Set { state, number }));
    world.run_until(at(9_500));
    assert_eq!(told(&world.history(), "bob", "ann", state), [Duration::ZERO; 0]);
    cuts().for_each(|cut| world.act(What::Mend(cut)));
    let history = ends_well(world);
    assert_eq!(resumed(&history), [], "it had its connection all the time");
    let told = told(&history, "bob", "ann", state);
    assert!(told.iter().any(|told| *told < at(14_500)), "{told:?}");
}

/// A home dies, and nobody who is attached notices: no connection breaks, and messages are heard once and in the order in
/// which they were said on one connection.
#[test]
fn a_home_dies_and_no_client_comes_back_for_it() {
    let both = ["ann", "bob"];
    let homes = attached(1, &both).homes().to_vec();
    for home in homes {
        let mut world = attached(1, &both);
        writes(&mut world, 0..3);
        world.act(What::Break(Fault::Crash(home.clone())));
        writes(&mut world, 3..8);
        let history = ends_well(world);
        assert_eq!(heard(&history), (0..8).collect::<Vec<_>>(), "{home}");
        assert_eq!(resumed(&history), [], "{home}");
    }
}
