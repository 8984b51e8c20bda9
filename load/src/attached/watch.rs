//! Whom a user watches: many in one frame where the router takes that.

use super::{Attached, WATCHES};
use attachment::{ClientFrame, ServerFrame, Watch, WatchResult, Welcome, limits};

/// Frames that are not answered yet.
const FRAMES_AT_ONCE: usize = 16;

/// How many people one frame may ask for.
pub(super) fn watch_many_max(welcome: &Welcome) -> usize {
    let max = usize::try_from(welcome.watch_many_max.unwrap_or(1)).unwrap_or(usize::MAX);
    max.clamp(1, limits::WATCH_MANY_MAX)
}

impl Attached {
    /// Watches everybody who is to be watched, some at a time. A frame's request is the place of its first.
    pub(super) async fn watch(&mut self) -> Result<(), String> {
        let (mut asked, mut open) = (0, 0);
        while asked < self.watched.len() || open > 0 {
            while asked < self.watched.len() && open < FRAMES_AT_ONCE {
                let end = self.watched.len().min(asked + self.watch_many_max);
                self.socket.say(&self.asks_for(asked, end)).await?;
                (asked, open) = (end, open + 1);
            }
            let frame = self.socket.frame().await?;
            let is_answer = frame.ends_request() && frame.request().is_some_and(|request| request >= WATCHES);
            if is_answer && let ServerFrame::Refused { why, .. } = frame {
                return Err(format!("nobody could be watched: {why}"));
            }
            open -= usize::from(is_answer);
            self.hear(frame).await?;
        }
        Ok(())
    }

    fn asks_for(&self, first: usize, end: usize) -> ClientFrame {
        let request = WATCHES + u32::try_from(first).unwrap_or(0);
        let one = |(who, subscription): &(u32, Option<u32>)| Watch {
            who: self.entrance.world.people.address(*who).to_owned(),
            subscription: *subscription,
        };
        let mut people: Vec<Watch> = self.watched[first..end].iter().map(one).collect();
        if people.len() == 1
            && let Some(Watch { who, subscription }) = people.pop()
        {
            return ClientFrame::Watch {
                request,
                who,
                subscription,
            };
        }
        ClientFrame::WatchMany { request, people }
    }

    /// What was said of those who are watched.
    pub(super) fn is_watching(&mut self, frame: ServerFrame) -> Result<(), String> {
        if let ServerFrame::WatchingMany { request, people } = frame {
            return people.into_iter().try_for_each(|watched| {
                self.is_watched(request.saturating_add(watched.index), watched.result)
            });
        }
        if let ServerFrame::Watching {
            request,
            subscription,
            presence,
        } = frame
        {
            let result = WatchResult::Watching {
                subscription,
                presence,
            };
            return self.is_watched(request, result);
        }
        Ok(())
    }

    fn is_watched(&mut self, number: u32, result: WatchResult) -> Result<(), String> {
        let (subscription, presence) = match result {
            WatchResult::Watching {
                subscription,
                presence,
            } => (subscription, presence),
            WatchResult::Refused { why, .. } => return Err(format!("nobody could be watched: {why}")),
        };
        if let Some(state) = presence.state {
            self.entrance.world.watching(self.me, &presence.who, state);
        }
        let index = number.saturating_sub(WATCHES) as usize;
        if let Some((_, kept)) = self.watched.get_mut(index) {
            *kept = Some(subscription);
        }
        Ok(())
    }
}
