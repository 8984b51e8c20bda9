//! The clock of one process is off by five minutes. Nobody notices, also not when people move to and from it.

use crate::scene::{self, Bounds, HOLD};
use tests::Failure;

fn wrong(process: &str, offset: &str) -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        processes.set_clock_wrong(process, offset);
        processes.stop(process).await?;
        load.goes_on().await?;
        scene::begin(processes, process).await?;
        load.goes_on().await?;
        // Everybody who was elsewhere is here now, and goes back.
        processes.stop("home-1").await?;
        processes.stop("home-3").await?;
        load.goes_on().await?;
        scene::begin(processes, "home-1").await?;
        scene::begin(processes, "home-3").await?;
        load.goes_on().await?;
        // Who finds nobody at its router goes to the other one.
        let failures = process.starts_with("r-");
        Ok(Bounds { gap: HOLD, failures })
    })
}

#[test]
fn a_home_server_is_ahead() -> Result<(), Failure> {
    wrong("home-2", "+5m")
}

#[test]
fn a_home_server_is_behind() -> Result<(), Failure> {
    wrong("home-2", "-5m")
}

#[test]
fn a_router_is_ahead() -> Result<(), Failure> {
    wrong("r-1", "+5m")
}

#[test]
fn a_router_is_behind() -> Result<(), Failure> {
    wrong("r-1", "-5m")
}
