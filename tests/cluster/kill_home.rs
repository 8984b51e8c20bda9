//! A home server dies under load: its people are served again in time, nothing that was acknowledged is lost,
//! nothing is heard twice, and nobody seems offline.

use crate::scene::{self, Bounds, RECOVERY};
use tests::Failure;

#[test]
fn a_home_server_is_killed_and_comes_back() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        processes.kill("home-2").await?;
        processes.becomes_member("home-2", false).await?;
        load.goes_on().await?;
        scene::begin(processes, "home-2").await?;
        load.goes_on().await?;
        Ok(Bounds {
            gap: RECOVERY,
            failures: true,
        })
    })
}

/// It is started again at once, by whatever looks after it, and finds its own lease still alive.
#[test]
fn a_home_server_is_killed_and_started_at_once() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        processes.allow("cannot join yet, trying on");
        processes.kill("home-2").await?;
        scene::begin(processes, "home-2").await?;
        load.goes_on().await?;
        Ok(Bounds {
            gap: RECOVERY,
            failures: true,
        })
    })
}

/// All but one at the same moment.
#[test]
fn two_home_servers_are_killed_at_once() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        processes.kill("home-1").await?;
        processes.kill("home-3").await?;
        processes.becomes_member("home-1", false).await?;
        processes.becomes_member("home-3", false).await?;
        load.goes_on().await?;
        Ok(Bounds {
            gap: RECOVERY,
            failures: true,
        })
    })
}
