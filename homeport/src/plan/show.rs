//! A plan for people and for scripts.

use super::outlook::{Fill, Outlook, Share};
use super::people::People;
use crate::output::Output;
use anyhow::Result;
use serde::Serialize;

/// What `--json` shows.
#[derive(Serialize)]
struct Shown<'a> {
    /// Of the members that it was computed from; 0 where that is a topology.
    epoch: u64,
    /// Whether people are those of a topology, spread evenly.
    estimated: bool,
    /// Members that did not answer, whose people count as none.
    unknown: Vec<&'a str>,
    /// Whether somebody would have more people than it lets in.
    over_capacity: bool,
    #[serde(flatten)]
    outlook: &'a Outlook,
}

/// Shows a plan.
pub(super) fn show(
    output: &Output,
    json: bool,
    epoch: u64,
    people: &People,
    outlook: &Outlook,
) -> Result<()> {
    if json {
        output.json(&Shown {
            epoch,
            estimated: people.estimated,
            unknown: people.unknown.iter().map(|(id, _)| id.as_str()).collect(),
            over_capacity: outlook.over().next().is_some(),
            outlook,
        })?;
    } else {
        print(output, people, outlook);
    }
    for (id, error) in &people.unknown {
        output.warning(&format!(
            "{id} does not answer, so its people are not counted: {error}"
        ));
    }
    for fill in outlook.over() {
        output.warning(&over(fill));
    }
    Ok(())
}

fn print(output: &Output, people: &People, outlook: &Outlook) {
    let who = if people.estimated {
        "at the peak"
    } else {
        "online now"
    };
    output.line(&format!(
        "{} of {} slots would move, with {} of {} people {who}",
        outlook.slots_moved,
        membership::SLOTS,
        outlook.users_moved,
        people.online.iter().copied().map(u64::from).sum::<u64>(),
    ));
    if !outlook.moves.is_empty() {
        let cells = outlook.moves.iter().map(|flow| {
            let numbers = [flow.slots.to_string(), flow.users.to_string()];
            [flow.from.clone(), flow.to.clone()]
                .into_iter()
                .chain(numbers)
                .collect()
        });
        output.line("");
        output.table(&["from", "to", "slots", "people"], &cells.collect::<Vec<_>>());
    }
    output.line("");
    let header = [
        "member", "capacity", "slots", "after", "people", "after", "fill", "after",
    ];
    output.table(&header, &outlook.members.iter().map(cells).collect::<Vec<_>>());
}

fn cells(fill: &Fill) -> Vec<String> {
    let mut cells = vec![fill.id.clone(), fill.capacity.to_string()];
    let texts: [fn(&Share) -> String; 3] = [
        |share| share.slots.to_string(),
        |share| share.users.to_string(),
        |share| format!("{:.1}%", share.fill_percent),
    ];
    for text in texts {
        for share in [&fill.before, &fill.after] {
            cells.push(share.as_ref().map_or_else(|| "-".to_owned(), text));
        }
    }
    cells
}

/// Says what it means that somebody would have too many people.
pub(crate) fn over(fill: &Fill) -> String {
    let users = fill.after.map_or(0, |share| share.users);
    format!(
        "{} would have {users} people and lets {} in: whoever is logged on stays, who logs on goes to another home \
         while one has room and is refused after that; add another home server first",
        fill.id, fill.capacity
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_or_goes_has_nothing_on_the_other_side() {
        let share = Share {
            slots: 5_461,
            users: 120,
            fill_percent: 1.2,
            over_capacity: false,
        };
        let fill = |before, after| Fill {
            id: "home-4".to_owned(),
            capacity: 10_000,
            before,
            after,
        };
        let row = |before, after| cells(&fill(before, after)).join(" ");
        assert_eq!(row(None, Some(share)), "home-4 10000 - 5461 - 120 - 1.2%");
        assert_eq!(row(Some(share), None), "home-4 10000 5461 - 120 - 1.2% -");
        let crowded = Share {
            users: 12_000,
            ..share
        };
        let said = over(&fill(None, Some(crowded)));
        assert!(
            said.contains("home-4 would have 12000 people and lets 10000 in"),
            "{said}"
        );
    }
}
