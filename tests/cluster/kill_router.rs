//! A router dies or is replaced under load: its clients go to another one, and are reached through that meanwhile.

use crate::scene::{self, Bounds, RECOVERY};
use tests::Failure;

#[test]
fn a_router_is_killed_and_comes_back() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        processes.kill("r-1").await?;
        load.goes_on().await?;
        scene::begin(processes, "r-1").await?;
        load.goes_on().await?;
        Ok(Bounds {
            gap: RECOVERY,
            failures: true,
        })
    })
}

#[test]
fn routers_are_replaced_under_load() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        for router in ["r-1", "r-2"] {
            processes.stop(router).await?;
            load.goes_on().await?;
            scene::begin(processes, router).await?;
            load.goes_on().await?;
        }
        // Who finds nobody at its router goes to the other one.
        Ok(Bounds {
            gap: RECOVERY,
            failures: true,
        })
    })
}
