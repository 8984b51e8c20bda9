//! Log-ons that the server puts off: they are tried again when it says so, for so long.

use crate::Error;
use crate::world::World;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a server may put a log-on off.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long homes may take to know accounts that were only just made.
pub(crate) const FRESH_WAIT: Duration = Duration::from_secs(20);

/// Why one attempt came to nothing.
pub(crate) enum Failed {
    Later(Duration),
    Ended(Error),
}

impl World {
    /// Tries until it works, when the server says so.
    pub(crate) async fn insist<T, F>(&self, me: u32, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Failed>>,
    {
        let began = Instant::now();
        loop {
            let wait = match attempt().await {
                Ok(user) => return Ok(user),
                Err(Failed::Ended(error)) => return Err(error),
                Err(Failed::Later(wait)) => wait,
            };
            self.put_off();
            if began.elapsed() + wait > PATIENCE {
                return Err(self.not_ready(me, "the server puts log-ons off for too long"));
            }
            sleep(wait).await;
        }
    }

    /// That a user was not let in.
    pub(crate) fn not_ready(&self, me: u32, why: &str) -> Error {
        Error::NotReady {
            who: self.people.address(me).to_owned(),
            why: why.to_owned(),
        }
    }
}
