//! How many routers and home servers a population needs.

use crate::{Limits, Population};

/// What is planned for, below the hard caps, so that the loss of one process breaks no cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Most people online on a home server while all are there: 7,500 of a cap of 10,000.
    pub(crate) home_normal: u32,
    /// The same after one home server is lost: 9,500 of 10,000.
    pub(crate) home_failover: u32,
    /// Most sessions on a router, also after one is lost: 19,000 of 20,000.
    pub(crate) router: u32,
}

impl Plan {
    /// The figures in proportion to the caps, which tests set far lower.
    pub(crate) fn of(limits: &Limits) -> Self {
        let percent = |cap: u32, part: u32| (cap * part / 100).max(1);
        Self {
            home_normal: percent(limits.home_cap, 75),
            home_failover: percent(limits.home_cap, 95),
            router: percent(limits.router_cap, 95),
        }
    }

    /// The fewest routers that serve so many people online, also with one lost.
    pub(crate) fn routers(&self, online: u32) -> u32 {
        (online.div_ceil(self.router) + 1).max(2)
    }

    /// The fewest home servers that do.
    pub(crate) fn homes(&self, online: u32) -> u32 {
        let failover = online.div_ceil(self.home_failover) + 1;
        online.div_ceil(self.home_normal).max(failover).max(2)
    }

    /// The fewest routers and home servers that serve so many people after a loss, with nothing more to lose.
    pub(crate) fn without_reserve(&self, online: u32) -> (u64, u64) {
        let (routers, homes) = (online.div_ceil(self.router), online.div_ceil(self.home_failover));
        (routers.into(), homes.into())
    }

    /// The fewest routers and home servers in each of some failure zones, at least two, that do it with one
    /// zone lost; and the home servers also carry everybody at the normal figure with all there.
    pub(crate) fn in_each_zone(&self, online: u32, zones: u64) -> (u64, u64) {
        let (routers, homes) = self.without_reserve(online);
        let normal = u64::from(online.div_ceil(self.home_normal)).div_ceil(zones);
        let left = zones - 1;
        (routers.div_ceil(left), homes.div_ceil(left).max(normal))
    }
}

impl Population {
    /// How many people are online at the peak, rounded up.
    #[must_use]
    pub fn online(&self) -> u32 {
        // The product of two decimal fractions may miss a whole number by a hair: 100 * 0.07 is a little over 7.
        let online = (f64::from(self.users) * self.peak_online - 1e-6).ceil();
        // Never more than `users`, so it fits; a cast from a float saturates and drops nothing here.
        (online as u32).min(self.users)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Limits = Limits {
        home_cap: 10_000,
        router_cap: 20_000,
    };

    #[test]
    fn the_published_table_holds() {
        let plan = Plan::of(&FULL);
        for (online, routers, homes) in [
            (500, 2, 2),
            (7_500, 2, 2),
            (10_000, 2, 3),
            (19_000, 2, 3),
            (20_000, 3, 4),
            (50_000, 4, 7),
            (100_000, 7, 14),
            (250_000, 15, 34),
        ] {
            assert_eq!(
                (plan.routers(online), plan.homes(online)),
                (routers, homes),
                "{online}"
            );
        }
    }

    #[test]
    fn the_published_table_of_three_failure_zones_holds() {
        let plan = Plan::of(&FULL);
        for (online, routers, homes) in [
            (19_000, 3, 3),
            (50_000, 6, 9),
            (100_000, 9, 18),
            (200_000, 18, 33),
            (500_000, 42, 81),
        ] {
            let (routers_each, homes_each) = plan.in_each_zone(online, 3);
            assert_eq!((3 * routers_each, 3 * homes_each), (routers, homes), "{online}");
            let online = u64::from(online);
            assert!(
                online.div_ceil(2 * homes_each) <= 9_500,
                "any two zones carry {online}"
            );
            assert!(
                online.div_ceil(2 * routers_each) <= 19_000,
                "any two zones carry {online}"
            );
        }
    }

    #[test]
    fn figures_follow_the_caps() {
        let plan = Plan::of(&Limits {
            home_cap: 50,
            router_cap: 100,
        });
        assert_eq!(
            plan,
            Plan {
                home_normal: 37,
                home_failover: 47,
                router: 95
            }
        );
        assert_eq!(
            Plan::of(&Limits {
                home_cap: 1,
                router_cap: 1
            })
            .home_normal,
            1
        );
    }

    #[test]
    fn the_peak_is_rounded_up_but_not_by_a_hair() {
        let online = |users, peak_online| Population { users, peak_online }.online();
        assert_eq!(online(15_000, 0.5), 7_500);
        assert_eq!(online(15_001, 0.5), 7_501);
        assert_eq!(online(100, 0.07), 7);
        assert_eq!(online(3, 1.0), 3);
        assert_eq!(online(1, 0.001), 1);
    }
}
