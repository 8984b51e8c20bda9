//! Time on a simulated host. The one file that may let time pass: here it costs nothing, and nothing but time is
//! waited for.

use async_trait::async_trait;
use daemon::Clock;
use std::time::{Duration, SystemTime};

/// The time of day at which every run begins.
const BEGINNING: Duration = Duration::from_secs(1_800_000_000);

/// Lets simulated time pass.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// The clock of a simulated host: the simulation's own time, the same on every host.
pub(crate) struct SimClock;

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> SystemTime {
        let since = turmoil::sim_elapsed().expect("a clock is looked at on a simulated host");
        SystemTime::UNIX_EPOCH + BEGINNING + since
    }

    async fn sleep_until(&self, at: SystemTime) {
        while let Ok(left) = at.duration_since(self.now())
            && !left.is_zero()
        {
            pass(left).await;
        }
    }
}
