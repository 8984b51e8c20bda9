//! Whether routers and home servers carry the people, also with what may be lost gone.

use super::failure_zones;
use crate::problem::{Problem, Wrong};
use crate::read::Draft;
use crate::section::Placed;
use crate::sizing::Plan;
use crate::{HomeRole, Profile};

/// A lab has no redundancy, so nobody should come to depend on it.
const LAB_ONLINE_MAX: u32 = 1_000;

/// Notes where they are too few, or hold too little.
pub(super) fn check(draft: &Draft, problems: &mut Vec<Problem>) {
    let (Some(head), Some(population), Some(limits)) = (&draft.head, &draft.population, &draft.limits) else {
        return;
    };
    let (online, plan) = (population.value.online(), Plan::of(limits));
    let before = problems.len();
    if head.profile == Profile::Production {
        too_few(draft, online, plan, problems);
    }
    // Too few of them says it all; their capacity is a question only when there are enough.
    if problems.len() == before
        && let Some(wrong) = too_many(draft, head.profile, online, plan)
    {
        let peak = format!(
            "are {} people, {online} online at the peak",
            population.value.users
        );
        let wrong = Wrong::new(format!("{peak}, {}", wrong.wrong), wrong.remedy);
        problems.push(population.lines.problem("users", wrong));
    }
}

/// Fewer routers or home servers than the formulas ask for.
fn too_few(draft: &Draft, online: u32, plan: Plan, problems: &mut Vec<Problem>) {
    let (routers, homes) = (draft.routers.all.len(), draft.homes.all.len());
    if is_combined(&draft.homes.all) && online > plan.home_normal {
        // More nodes are not what is missing then.
        return;
    }
    if failure_zones::are_named(draft) {
        // That is more than one lost, whichever it is.
        failure_zones::too_few(draft, online, plan, problems);
        return;
    }
    for (key, have, need) in [
        ("router", routers, plan.routers(online)),
        ("home", homes, plan.homes(online)),
    ] {
        if (have as u64) < u64::from(need) {
            let wrong =
                format!("has {have} of the {need} sections that {online} people online need with one lost");
            let remedy =
                format!("add [[{key}]] sections, or write `profile = \"lab\"` to do without redundancy");
            problems.push(draft.lines.problem(key, Wrong::new(wrong, remedy)));
        }
    }
}

/// More people than can be carried.
fn too_many(draft: &Draft, profile: Profile, online: u32, plan: Plan) -> Option<Wrong> {
    let homes = &draft.homes.all;
    if profile == Profile::Lab && online > LAB_ONLINE_MAX {
        let remedy = "lower `users` or `peak_online`, or leave `profile` out for a cluster with redundancy";
        return Some(Wrong::new(
            format!("more than the {LAB_ONLINE_MAX} of a lab"),
            remedy,
        ));
    }
    if profile == Profile::Production && is_combined(homes) && online > plan.home_normal {
        let remedy = "use the topology `enterprise`, with routers and home servers of their own";
        return Some(Wrong::new(
            format!("more than the {} that combined nodes carry", plan.home_normal),
            remedy,
        ));
    }
    let (held, when) = held(draft, profile);
    (held < u64::from(online)).then(|| {
        let wrong = format!("more than the {held} that the home servers hold {when}");
        Wrong::new(wrong, "raise `capacity`, or add a [[home]]")
    })
}

/// How many people the home servers hold with what may be lost gone, and what that is.
fn held(draft: &Draft, profile: Profile) -> (u64, String) {
    let homes = draft.homes.all.iter();
    let capacities = homes.map(|home| u64::from(home.value.capacity));
    let (all, largest) = (capacities.clone().sum::<u64>(), capacities.max().unwrap_or(0));
    match profile {
        Profile::Lab => (all, "together".to_owned()),
        Profile::Production if failure_zones::are_named(draft) => {
            let (zone, held) = failure_zones::hold(draft);
            (held, format!("with failure zone \"{zone}\" lost"))
        }
        Profile::Production => (all - largest, "with the largest lost".to_owned()),
    }
}

fn is_combined(homes: &[Placed<HomeRole>]) -> bool {
    homes.iter().any(|home| home.value.node.is_some())
}
