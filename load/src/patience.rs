//! Log-ons that the server puts off: they are tried again when it says so, for so long. So are those whose connection
//! was lost in the middle, a few times.

use crate::Error;
use crate::world::World;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a server may put a log-on off.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long homes may take to know accounts that were only just made.
pub(crate) const FRESH_WAIT: Duration = Duration::from_secs(20);

/// How often the connection may be lost in the middle of a log-on.
const LOST_MAX: u32 = 4;
/// Before another connection is tried.
const LOST_PAUSE: Duration = Duration::from_millis(250);

/// Why one attempt came to nothing.
pub(crate) enum Failed {
    /// The server says when there may be room.
    Later(Duration),
    /// The connection was lost: there may be another router.
    Lost(Error),
    Ended(Error),
}

impl World {
    /// Tries until it works, when the server says so.
    pub(crate) async fn insist<T, F>(&self, me: u32, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Failed>>,
    {
        let began = Instant::now();
        let mut lost = 0;
        loop {
            let wait = match attempt().await {
                Ok(user) => return Ok(user),
                Err(Failed::Ended(error)) => return Err(error),
                Err(Failed::Lost(error)) if lost == LOST_MAX => return Err(error),
                Err(Failed::Lost(_)) => {
                    lost += 1;
                    sleep(LOST_PAUSE).await;
                    continue;
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Made;
    use std::cell::Cell;

    /// How many attempts are made when so many of the first lose their connection, and whether it works in the end.
    async fn attempts(lost: u32) -> (u32, bool) {
        let world = World::small(1, Made::small(0));
        let made = Cell::new(0);
        let attempt = async || {
            made.set(made.get() + 1);
            if made.get() > lost {
                Ok(())
            } else {
                Err(Failed::Lost(world.not_ready(0, "the router hung up")))
            }
        };
        let done = world.insist(0, attempt).await;
        (made.get(), done.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_on_whose_connection_is_lost_is_tried_again_a_few_times() {
        assert_eq!(attempts(0).await, (1, true));
        assert_eq!(attempts(LOST_MAX).await, (LOST_MAX + 1, true));
        assert_eq!(attempts(LOST_MAX + 1).await, (LOST_MAX + 1, false));
    }
}
