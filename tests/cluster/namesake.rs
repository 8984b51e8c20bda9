//! Two home servers of one name: the second is refused, and the first goes on.

use crate::scene::{self, Bounds, HOLD};
use anyhow::ensure;
use tests::Failure;

#[test]
fn a_second_home_server_of_one_name_is_refused() -> Result<(), Failure> {
    scene::run(1, async |processes, load| {
        processes.expect("cannot join yet, trying on");
        processes.expect("member home-1 is already there");
        let (mut second, _place) = processes.launch_namesake("home-1")?;
        // It waits first, since mostly its namesake is one that has crashed.
        let status = second.ended().await?;
        ensure!(status.code() == Some(1), "it has ended with {status}");
        load.goes_on().await?;
        processes.becomes_member("home-1", true).await?;
        Ok(Bounds {
            gap: HOLD,
            failures: false,
        })
    })
}
