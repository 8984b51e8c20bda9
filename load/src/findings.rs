//! The report of what was measured.

use crate::check::Verdict;
use crate::floor::Floor;
use crate::report::{Counts, Report};
use crate::stage::{Seen, Stage};
use crate::timing::{Piece, Spread};
use crate::usage::{Moment, megabytes};
use crate::{Pace, Scenario};
use std::collections::BTreeMap;

impl Stage<'_> {
    /// What became of everything, how many of it were done, and how long that took.
    fn found(&self) -> (Verdict, u64, (Spread, Vec<Piece>)) {
        let world = &self.world;
        match self.plan.scenario {
            Scenario::Messages => {
                let verdict = world.verdict();
                (verdict, verdict.acknowledged(), world.times())
            }
            Scenario::Presence => {
                let verdict = world.rumours();
                (verdict, verdict.delivered, world.told_times())
            }
            Scenario::LogOn => {
                let (done, refused) = (world.done(), world.gone().0);
                let unanswered = world.open();
                let verdict = Verdict {
                    sent: done + refused + unanswered,
                    delivered: done,
                    refused,
                    unanswered,
                    ..Verdict::default()
                };
                (verdict, done, world.times())
            }
            Scenario::Office => {
                let verdict = world.verdict().with_everybody_there().and(world.rumours());
                (verdict, verdict.acknowledged(), world.times())
            }
        }
    }

    pub(crate) fn report(&self, floor: Floor, before: &Moment, seen: &Seen) -> Report {
        let (verdict, done, (spread, series)) = self.found();
        let (users_gone, _) = self.world.gone();
        let plan = self.plan;
        let each = |seconds: f64| seconds * 1e6 / done.max(1) as f64;
        let known = self.watched.is_known();
        let cost = (known && done > 0).then(|| each(seen.ended.all.cpu - seen.began.all.cpu));
        // Where log-ons are measured, memory is there only after them.
        let settled = if plan.scenario == Scenario::LogOn {
            &seen.ended
        } else {
            &seen.began
        };
        let grown = settled.all.anonymous.saturating_sub(before.all.anonymous);
        let (rate, concurrency) = match plan.pace {
            Pace::Rate(rate) => (Some(rate), None),
            Pace::Closed(concurrency) => (None, Some(concurrency)),
            Pace::Storm => (None, None),
        };
        let (log_ons, log_on_p99_ms) = self.world.returns();
        let is_office = plan.scenario == Scenario::Office;
        let acknowledged = if plan.scenario == Scenario::Presence {
            verdict.acknowledged_changes
        } else {
            verdict.acknowledged()
        };
        Report {
            scenario: plan.scenario.name(),
            via: plan.via.name(),
            users: plan.people.count(),
            contacts: plan.contacts,
            seed: plan.seed,
            seconds: seen.took.as_secs_f64(),
            rate,
            concurrency,
            interrupted: seen.interrupted,
            counts: Counts::of(&verdict, acknowledged),
            users_gone,
            put_off: self.world.times_put_off(),
            changes: is_office.then(|| self.world.rumours().sent),
            told_p99_ms: is_office.then(|| self.world.told_times().0.p99),
            log_ons: is_office.then_some(log_ons),
            log_on_p99_ms: (is_office && log_ons > 0).then_some(log_on_p99_ms),
            per_second: done as f64 / seen.took.as_secs_f64(),
            times: spread.into(),
            costs: BTreeMap::from([(format!("server_cpu_us_per_{}", plan.scenario.unit()), cost)]),
            floor,
            ratio_to_floor: cost.map(|cost| cost / floor.post),
            server_rss_mb: known.then(|| megabytes(seen.ended.all.resident)),
            server_kib_per_user: known.then(|| grown as f64 / 1024.0 / f64::from(plan.people.count())),
            generator_cpu_us: each(seen.generator),
            debug_build: cfg!(debug_assertions),
            processes: seen.ended.since(&seen.began),
            series,
            broken: self.broken(&verdict, done, seen.interrupted),
        }
    }

    fn broken(&self, verdict: &Verdict, done: u64, interrupted: bool) -> Option<String> {
        let mut verdict = *verdict;
        if interrupted && self.plan.scenario == Scenario::LogOn {
            // Nobody waited for them.
            verdict.unanswered = 0;
        }
        let mut broken: Vec<String> = verdict.broken().into_iter().collect();
        if verdict.lost + verdict.doubled > 0 {
            broken.extend(self.world.instances());
        }
        if verdict.sent > 0 && done == 0 {
            broken.push("nothing was acknowledged".to_owned());
        }
        if let (count, Some(why)) = self.world.gone() {
            broken.push(format!("{count} users could not go on, the first because {why}"));
        }
        (!broken.is_empty()).then(|| broken.join("; "))
    }
}
