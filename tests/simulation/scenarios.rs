//! Runs in which one thing happens, at a time that is chosen for it.

use crate::client::{Deed, Order};
use crate::history::{Asked, Event, Request};
use crate::invariants::broken;
use crate::listener::Manner;
use crate::plan::{Fault, Plan, What};
use crate::roles::router_name;
use crate::world::World;
use rvp::PresenceState;
use std::time::Duration;

/// How long after a partition the first request may take: an attempt to connect that is under way when the
/// network comes back has to end first.
const FIRST_ANSWER: Duration = Duration::from_millis(2_500);

/// A world in which everybody has logged on, and nothing else happens by itself.
fn logged_on(seed: u64) -> World<'static> {
    let plan = Plan::quiet(seed);
    let mut world = World::build(&plan);
    for act in plan.acts {
        world.run_until(act.at);
        world.act(act.what);
    }
    world.run_until(Duration::from_secs(4));
    world
}

fn order(deed: Deed) -> What {
    What::Person(
        "ann",
        Order {
            router: router_name(1),
            deed,
        },
    )
}

/// The last request, and how long it took.
fn last(requests: &[Request<'_>]) -> (Option<u16>, Option<Duration>) {
    let last = requests.last().expect("there is a request");
    (last.status, last.ended.map(|ended| ended - last.began))
}

/// Without keepalive on both ends of a link neither notices a partition: what was sent is lost and never sent again,
/// and every request waits for an answer that cannot come. turmoil sends nothing again, so here a short partition
/// shows what in a real network a long one does.
#[test]
fn the_first_request_after_a_partition_is_answered() {
    for moment in (0..2_000).step_by(250) {
        let mut world = logged_on(moment);
        let (router, homes) = (router_name(1), world.homes().to_vec());
        let cuts = || homes.iter().map(|home| Fault::Cut(router.clone(), home.clone()));
        cuts().for_each(|cut| world.act(What::Break(cut)));
        world.run_until(Duration::from_millis(14_000 + moment));
        cuts().for_each(|cut| world.act(What::Mend(cut)));
        world.act(order(Deed::Set {
            state: PresenceState::Busy,
            number: 1_000,
        }));
        world.run_until(Duration::from_millis(14_020 + moment));
        world.run_while(Duration::from_secs(35), World::is_asking);
        let history = world.history();
        let (status, took) = last(&history.requests());
        let answered = status == Some(207) && took.is_some_and(|took| took <= FIRST_ANSWER);
        assert!(answered, "mended at {moment} ms, {status:?} after {took:?}");
    }
}

/// Many messages at once to a client that takes its time: as many as its queue holds are delivered, the rest is
/// refused at once.
#[test]
fn a_flood_meets_the_bound_of_a_queue_and_everybody_is_told() {
    let mut world = logged_on(1);
    world.act(What::Break(Fault::Listener(
        "bob",
        Manner::Slow(Duration::from_millis(100)),
    )));
    for number in 0..150 {
        world.act(order(Deed::Say {
            to: "bob",
            text: format!("flood {number}"),
            insists: false,
        }));
    }
    world.run_until(Duration::from_millis(4_020));
    world.run_while(Duration::from_secs(40), World::is_asking);
    world.mend_everything();
    world.ask_everybody();
    let history = world.history();
    assert_eq!(broken(&history), [""; 0]);
    let requests = history.requests();
    let flood = || {
        requests
            .iter()
            .filter(|each| matches!(each.asked, Asked::Say { text, .. } if text.starts_with("flood")))
    };
    let delivered = flood().filter(|request| request.is_done()).count();
    let refused = flood().filter(|request| request.status == Some(412)).count();
    assert_eq!(delivered + refused, 150);
    // Homes that have just begun ask routers about each message first, so the client takes some meanwhile.
    assert!(
        (60..=90).contains(&delivered),
        "{delivered} were delivered, {refused} refused"
    );
}

/// Without faults nothing is wrong, and the members are those of the plan.
#[test]
fn without_faults_everything_holds() {
    let mut world = logged_on(2);
    world.mend_everything();
    world.ask_everybody();
    let history = world.history();
    assert_eq!(broken(&history), [""; 0]);
    assert!(
        history
            .records
            .iter()
            .any(|record| matches!(record.event, Event::Settled { .. }))
    );
}

/// A store that takes half a second for each step holds up messages that are to be stored, and no others.
#[test]
fn a_slow_store_does_not_slow_messages_to_who_is_there() {
    let mut world = logged_on(3);
    world.act(order(Deed::LogOff));
    world.run_until(Duration::from_millis(4_500));
    let homes = world.homes().to_vec();
    for home in homes {
        world.act(What::Break(Fault::SlowStore(home, Duration::from_millis(500))));
    }
    let say = |world: &mut World<'_>, who, to, text: String| {
        let (router, insists) = (router_name(1), false);
        let deed = Deed::Say { to, text, insists };
        world.act(What::Person(who, Order { router, deed }));
    };
    for number in 0..20 {
        say(&mut world, "bob", "cid", format!("there {number}"));
        say(&mut world, "bob", "ann", format!("gone {number}"));
    }
    world.run_until(Duration::from_millis(4_520));
    world.run_while(Duration::from_secs(40), World::is_asking);
    let history = world.history();
    let requests = history.requests();
    let of = |word: &str, status: u16| {
        let took = requests.iter().filter_map(|request| match request.asked {
            Asked::Say { text, .. } if text.starts_with(word) && request.status == Some(status) => {
                Some(request.ended? - request.began)
            }
            Asked::Say { .. }
            | Asked::LogOn { .. }
            | Asked::LogOff { .. }
            | Asked::Renew { .. }
            | Asked::Resume { .. }
            | Asked::Watch { .. }
            | Asked::Show { .. }
            | Asked::Set { .. }
            | Asked::Block { .. } => None,
        });
        took.collect::<Vec<_>>()
    };
    let (there, gone) = (of("there", 200), of("gone", 202));
    assert_eq!((there.len(), gone.len()), (20, 20), "{requests:#?}");
    // The client takes one after the other, each on a connection of its own; the first waits for nobody.
    let is_within = |limit| move |took: &Duration| *took < Duration::from_millis(limit);
    assert!(
        there.iter().any(is_within(500)) && there.iter().all(is_within(5_000)),
        "{there:?}"
    );
    assert!(
        gone.iter().all(|took| *took >= Duration::from_millis(500)),
        "it is durable first: {gone:?}"
    );
    world.mend_everything();
    world.ask_everybody();
    assert_eq!(broken(&world.history()), [""; 0]);
}

/// Whoever writes, or is written to, while a home has just died waits until the people of that home have another one.
#[test]
fn a_message_is_held_from_the_moment_that_a_home_dies() {
    let homes = logged_on(4).homes().to_vec();
    for home in homes {
        let mut world = logged_on(4);
        world.act(What::Break(Fault::Crash(home.clone())));
        for (number, (who, to)) in [("ann", "bob"), ("bob", "cid"), ("cid", "ann")]
            .into_iter()
            .enumerate()
        {
            world.run_until(Duration::from_millis(
                4_000 + 300 * u64::try_from(number).unwrap_or(0),
            ));
            let text = format!("held {number}");
            let deed = Deed::Say {
                to,
                text,
                insists: false,
            };
            let router = router_name(1);
            world.act(What::Person(who, Order { router, deed }));
        }
        world.run_until(Duration::from_millis(4_700));
        world.run_while(Duration::from_secs(40), World::is_asking);
        let history = world.history();
        let requests = history.requests();
        let said = requests
            .iter()
            .filter(|each| matches!(each.asked, Asked::Say { .. }));
        let answers: Vec<_> = said.map(|request| request.status).collect();
        let taken = |status: &Option<u16>| matches!(status, Some(200 | 202));
        assert!(
            answers.len() == 3 && answers.iter().all(taken),
            "{home}: {answers:?}"
        );
        world.mend_everything();
        world.ask_everybody();
        assert_eq!(broken(&world.history()), [""; 0], "{home}");
    }
}

/// A client takes a message, and its home dies before it hears of it and begins anew. Whoever wrote asks again, by a
/// router that has its link sooner than the one by which the client took it.
#[test]
fn a_message_that_was_taken_before_a_home_began_anew_is_not_handed_over_again() {
    for (cut, other) in [(1, 2), (2, 1)] {
        let mut world = logged_on(5);
        let homes = world.homes().to_vec();
        let cuts = || {
            homes
                .iter()
                .map(|home| Fault::Cut(router_name(cut), home.clone()))
        };
        world.act(What::Break(Fault::Listener(
            "bob",
            Manner::Slow(Duration::from_millis(300)),
        )));
        let deed = Deed::Say {
            to: "bob",
            text: "taken".to_owned(),
            insists: true,
        };
        let router = router_name(other);
        world.act(What::Person("ann", Order { router, deed }));
        world.run_until(Duration::from_millis(4_150));
        for home in &homes {
            world.act(What::Break(Fault::Crash(home.clone())));
        }
        cuts().for_each(|cut| world.act(What::Break(cut)));
        world.run_until(Duration::from_millis(4_200));
        for home in &homes {
            world.act(What::Mend(Fault::Crash(home.clone())));
        }
        // Until the leases of before have ended, and the other router has linked.
        world.run_until(Duration::from_secs(8));
        cuts().for_each(|cut| world.act(What::Mend(cut)));
        world.run_while(Duration::from_secs(40), World::is_asking);
        world.mend_everything();
        world.ask_everybody();
        assert_eq!(broken(&world.history()), [""; 0], "router-{cut} was cut off");
    }
}
