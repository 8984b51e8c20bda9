//! Home servers and routers are replaced in daytime.

use crate::scene::{self, Bounds, HOLD};
use tests::Failure;

/// One home server after the other is drained and comes back, under load. Nobody notices.
#[test]
fn home_servers_are_replaced_under_load() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        for home in ["home-1", "home-2", "home-3"] {
            processes.stop(home).await?;
            load.goes_on().await?;
            scene::begin(processes, home).await?;
            load.goes_on().await?;
        }
        Ok(Bounds {
            gap: HOLD,
            failures: false,
        })
    })
}

/// The last home server standing carries everybody, and gives them back.
#[test]
fn one_home_server_carries_everybody() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        processes.stop("home-1").await?;
        processes.stop("home-3").await?;
        load.goes_on().await?;
        processes.launch("home-1")?;
        processes.launch("home-3")?;
        processes.ready("home-1").await?;
        processes.ready("home-3").await?;
        load.goes_on().await?;
        Ok(Bounds {
            gap: HOLD,
            failures: false,
        })
    })
}
