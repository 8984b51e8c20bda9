//! The pictures of a report: latency against rate, memory against users, and what people noticed while something
//! happened.

use super::{Certified, Disturbance, MessageStep};
use crate::chart::{Axis, BLUE, Chart, GREEN, Line, PURPLE, Picture, RED};

/// A picture, and the name of its file.
pub(super) struct Drawing {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    pub(super) svg: String,
}

impl Certified {
    /// The pictures of what was measured: the name of each file, and what is in it.
    #[must_use]
    pub fn pictures(&self) -> Vec<(&'static str, String)> {
        let drawings = self.drawings();
        drawings
            .into_iter()
            .map(|drawing| (drawing.file, drawing.svg))
            .collect()
    }

    pub(super) fn drawings(&self) -> Vec<Drawing> {
        let mut drawings = Vec::new();
        if !self.messages.is_empty() {
            drawings.push(Drawing {
                file: "latency.svg",
                title: "Latency against rate",
                svg: self.latency().draw(),
            });
        }
        if !self.users.is_empty() {
            drawings.push(Drawing {
                file: "memory.svg",
                title: "Memory and log-ons against users",
                svg: self.memory().draw(),
            });
        }
        let happened = [
            ("storm.svg", "Log-on storm", "all in after", &self.storm),
            ("drain.svg", "Drained home server", "empty after", &self.drain),
            ("kill.svg", "Killed home server", "killed", &self.kill),
        ];
        for (file, title, done, one) in happened {
            if let Some(one) = one {
                let done = if file == "kill.svg" {
                    done.to_owned()
                } else {
                    format!("{done} {:.2} s", one.done_seconds)
                };
                let svg = timeline(title, &done, one).draw();
                drawings.push(Drawing { file, title, svg });
            }
        }
        drawings
    }

    fn latency(&self) -> Picture {
        let line = |name, colour, value: fn(&MessageStep) -> f64| {
            let held = self.messages.iter().filter(|step| step.broken.is_none());
            let mut points: Vec<_> = held
                .map(|step| (f64::from(step.spell.rate), value(step)))
                .collect();
            // The slowest of a rate that held twice.
            points.sort_by(|one, other| one.0.total_cmp(&other.0).then(other.1.total_cmp(&one.1)));
            points.dedup_by(|one, other| one.0.total_cmp(&other.0).is_eq());
            Line {
                name,
                colour,
                points,
                is_crosses: false,
            }
        };
        let broke = self.messages.iter().filter(|step| step.broken.is_some());
        let broke = Line {
            name: "p99 where a promise broke",
            colour: RED,
            points: broke
                .map(|step| (f64::from(step.spell.rate), step.spell.times.p99_ms))
                .collect(),
            is_crosses: true,
        };
        let chart = Chart {
            title: "latency of messages, ms".to_owned(),
            across: Axis::by_powers("messages a second"),
            up: Axis::by_powers(""),
            lines: vec![
                line("p50", BLUE, |step| step.spell.times.p50_ms),
                line("p99", GREEN, |step| step.spell.times.p99_ms),
                broke,
            ],
            limit: Some((
                self.promises.p99_ms,
                format!("promised p99: {} ms", self.promises.p99_ms),
            )),
            ..Chart::default()
        };
        Picture {
            title: "Latency against rate".to_owned(),
            under: format!(
                "{} users online, {} s for each rate",
                self.users_safe, self.step_seconds
            ),
            charts: vec![chart],
        }
    }

    fn memory(&self) -> Picture {
        let memory: Vec<_> = self
            .users
            .iter()
            .filter_map(|step| Some((f64::from(step.users), step.server_mb?)))
            .collect();
        let log_ons = self
            .users
            .iter()
            .map(|step| (f64::from(step.users), step.log_ons_per_second));
        let chart = |title: &str, name, colour, points| Chart {
            title: title.to_owned(),
            across: Axis {
                name: "users online",
                by_powers: false,
            },
            lines: vec![Line {
                name,
                colour,
                points,
                is_crosses: false,
            }],
            ..Chart::default()
        };
        let mut charts = Vec::new();
        if !memory.is_empty() {
            charts.push(chart(
                "memory of the server, MB",
                "made by its processes",
                PURPLE,
                memory,
            ));
        }
        charts.push(chart(
            "log-ons a second",
            "while they came",
            GREEN,
            log_ons.collect(),
        ));
        let each = self.users.iter().rev().find_map(|step| step.bytes_per_user);
        Picture {
            title: "Memory and log-ons against users".to_owned(),
            under: each.map_or_else(
                || "memory is not known for each user".to_owned(),
                |each| format!("{:.1} KiB for each user beyond the first", each / 1024.0),
            ),
            charts,
        }
    }
}

fn timeline(title: &str, done: &str, one: &Disturbance) -> Picture {
    let recovery = one.recovery_seconds.map_or_else(
        || "not as before while it was watched".to_owned(),
        |seconds| format!("as before after {seconds:.2} s"),
    );
    let member = one
        .member
        .as_ref()
        .map_or_else(String::new, |member| format!(": {member}"));
    Picture {
        title: format!("{title}{member}"),
        under: format!(
            "{recovery}, {} messages/s between {} people, slowest {:.0} ms, lost {}",
            one.spell.rate,
            one.spell.talkers,
            one.longest_ms,
            one.lost()
        ),
        charts: one.timeline.charts(done),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::certified;
    use super::*;
    use crate::chart::tests::assert_well_formed;

    fn drawn(certified: &Certified, file: &str) -> String {
        let pictures = certified.pictures();
        let (_, svg) = pictures.into_iter().find(|(name, _)| *name == file).unwrap();
        assert_well_formed(&svg);
        svg
    }

    #[test]
    fn there_is_a_picture_of_all_that_was_measured() {
        let names = |certified: &Certified| {
            let pictures = certified.pictures();
            pictures.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let mut certified = certified();
        let all = ["latency.svg", "memory.svg", "storm.svg", "drain.svg", "kill.svg"];
        assert_eq!(names(&certified), all);
        (certified.storm, certified.drain) = (None, None);
        certified.users.clear();
        assert_eq!(names(&certified), ["latency.svg", "kill.svg"]);
    }

    #[test]
    fn a_rate_that_broke_a_promise_is_a_cross_and_no_part_of_the_line() {
        let certified = certified();
        let svg = drawn(&certified, "latency.svg");
        // One in the picture, one beside its name.
        assert_eq!(svg.matches("l8 8").count(), 2, "{svg}");
        let line = svg.lines().find(|line| line.starts_with("<polyline")).unwrap();
        assert_eq!(line.matches(',').count(), 2, "200 and 400: {line}");
        assert!(
            svg.contains("promised p99: 10 ms") && svg.contains("800 users online"),
            "{svg}"
        );
    }

    #[test]
    fn what_happened_is_told_with_its_picture() {
        let svg = drawn(&certified(), "kill.svg");
        for part in [
            "Killed home server: home-2",
            "as before after 2.00 s",
            "slowest 2000 ms, lost 0",
        ] {
            assert!(svg.contains(part), "{part:?} is missing in {svg}");
        }
        drawn(&certified(), "storm.svg");
        drawn(&certified(), "memory.svg");
    }

    #[test]
    fn memory_that_is_not_known_is_not_drawn() {
        let mut certified = certified();
        for step in &mut certified.users {
            (step.server_mb, step.bytes_per_user) = (None, None);
        }
        let svg = drawn(&certified, "memory.svg");
        assert!(
            svg.contains("memory is not known") && !svg.contains("memory of the server"),
            "{svg}"
        );
    }
}
