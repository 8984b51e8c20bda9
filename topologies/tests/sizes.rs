//! The published tables of sizes: with so many sections a topology is sound, with one fewer it is refused.

use std::fmt::Write as _;
use topologies::{Problems, Topology};

const ENTERPRISE: &str = include_str!("../enterprise.toml");
const ISP: &str = include_str!("../isp.toml");

/// A file with other figures: what is above its routers, and then so many of each in each failure zone.
fn sized(file: &str, online: u32, zones: &[&str], [routers, homes]: [usize; 2]) -> String {
    let head = &file[..file.find("[[router]]").expect("there are routers")];
    let mut text = String::new();
    for line in head.lines() {
        let line = match line.split_once(" = ") {
            Some(("users", _)) => format!("users = {online}"),
            Some(("peak_online", _)) => "peak_online = 1.0".to_owned(),
            Some(_) | None => line.to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    let clients = if file == ISP { "internet" } else { "access" };
    for (kind, zone, count) in [("router", clients, routers), ("home", "core", homes)] {
        for number in 0..count {
            let _ = writeln!(text, "[[{kind}]]\nname = \"{kind}-{number}\"\nzone = \"{zone}\"");
            if (kind, clients) == ("router", "internet") {
                let _ = writeln!(text, "tls = \"router\"");
            }
            if let Some(place) = zones.get(number % zones.len().max(1)) {
                let _ = writeln!(text, "failure_zone = \"{place}\"");
            }
        }
    }
    text
}

fn keys(read: Result<Topology, Problems>) -> Vec<String> {
    let problems = read.expect_err("one section is missing");
    problems.iter().map(|problem| problem.key.clone()).collect()
}

fn assert_table(file: &str, zones: &[&str], table: &[(u32, usize, usize)]) {
    for &(online, routers, homes) in table {
        let read = |routers, homes| Topology::parse("t.toml", &sized(file, online, zones, [routers, homes]));
        let topology = read(routers, homes).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(topology.population.online(), online);
        assert_eq!((topology.routers.len(), topology.homes.len()), (routers, homes));
        assert_eq!(keys(read(routers - 1, homes)), ["router"], "{online} online");
        assert_eq!(keys(read(routers, homes - 1)), ["home"], "{online} online");
    }
}

#[test]
fn an_enterprise_has_the_published_sizes_and_no_smaller_ones() {
    assert_table(
        ENTERPRISE,
        &[],
        &[
            (10_000, 2, 3),
            (19_000, 2, 3),
            (20_000, 3, 4),
            (50_000, 4, 7),
            (100_000, 7, 14),
        ],
    );
}

#[test]
fn any_two_of_three_failure_zones_carry_an_isp_of_each_published_size() {
    let zones = ["a", "b", "c"];
    let table = [
        (19_000, 3, 3),
        (50_000, 6, 9),
        (100_000, 9, 18),
        (200_000, 18, 33),
        (500_000, 42, 81),
    ];
    for (online, routers, homes) in table {
        let text = sized(ISP, online, &zones, [routers, homes]);
        let topology = Topology::parse("t.toml", &text).unwrap_or_else(|problems| panic!("{problems}"));
        for lost in zones.map(|zone| Some(zone.to_owned())) {
            let left = topology
                .routers
                .iter()
                .filter(|router| router.failure_zone != lost);
            let routers = u32::try_from(left.count()).unwrap();
            assert!(
                online.div_ceil(routers) <= 19_000,
                "{online} online, {lost:?} lost"
            );
            let left = topology.homes.iter().filter(|home| home.failure_zone != lost);
            let homes = u32::try_from(left.count()).unwrap();
            assert!(online.div_ceil(homes) <= 9_500, "{online} online, {lost:?} lost");
        }
    }
}
