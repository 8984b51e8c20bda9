//! Waits to a point in time more exactly than the runtime's timers, whose ticks of a millisecond would show in every
//! latency that is counted from when something was due.

use crate::Error;
use std::io;
use tokio::time::Instant;

/// Wakes whoever waits for it.
pub(crate) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: tokio::io::unix::AsyncFd<rustix::fd::OwnedFd>,
}

#[cfg(target_os = "linux")]
impl Alarm {
    /// # Errors
    /// When the system has no timer for it.
    #[expect(
        deprecated,
        reason = "what is registered is owned and stays open, which the safe function cannot know of all types"
    )]
    pub(crate) fn new() -> Result<Self, Error> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let made = timerfd_create(TimerfdClockId::Monotonic, flags).map_err(io::Error::from);
        let made = made.and_then(tokio::io::unix::AsyncFd::new);
        let timer = made.map_err(|source| Error::System {
            what: "make a timer",
            source,
        })?;
        Ok(Self { timer })
    }

    /// Returns at that time, or at once when it is over. May be dropped at any time.
    pub(crate) async fn until(&mut self, at: Instant) {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let wait = at.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return;
        }
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: wait.subsec_nanos().into(),
            },
        };
        let set = timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once);
        if set.is_err() || self.rings().await.is_err() {
            // It is only less exact.
            tokio::time::sleep_until(at).await;
        }
    }

    async fn rings(&self) -> io::Result<()> {
        loop {
            let mut ready = self.timer.readable().await?;
            let mut rung = [0; 8];
            let read = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut rung)?));
            match read {
                Ok(read) => return read.map(|_| ()),
                Err(_not_yet) => {}
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Alarm {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {})
    }

    pub(crate) async fn until(&mut self, at: Instant) {
        tokio::time::sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_never_rings_too_soon_and_at_once_when_it_is_over() {
        let mut alarm = Alarm::new().unwrap();
        let at = Instant::now() + Duration::from_micros(1_700);
        alarm.until(at).await;
        assert!(Instant::now() >= at);
        alarm.until(at).await;
        // One that was given up does not make the next one ring.
        let dropped = tokio::time::timeout(
            Duration::from_millis(1),
            alarm.until(at + Duration::from_secs(60)),
        );
        assert!(dropped.await.is_err());
        let at = Instant::now() + Duration::from_millis(2);
        alarm.until(at).await;
        assert!(Instant::now() >= at);
    }
}
