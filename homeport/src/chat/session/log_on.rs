//! Showing who the person is, and finding out whether the server knows them.

use super::outgoing::Open;
use super::{Action, Ended, Event, LOG_ON_WAIT, Ready, Session, Stage, Token};
use attachment::scram::{Conversation, ScramError, Unproved};
use attachment::{ClientFrame, CloseCode, Proof, Welcome, Why, limits};
use rand::RngExt;
use std::time::Duration;

/// The characters of nonces and ids.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// With 62 letters these are 190 bits.
const NONCE_CHARS: usize = 32;

/// How far it is.
pub(super) enum Proving {
    /// A resume was sent.
    Resume,
    /// A token was sent.
    Token,
    /// The first message of SCRAM was sent.
    First(Conversation),
    /// The last message of SCRAM was sent.
    Last(Unproved),
}

impl Session {
    /// Sends the first proof: the shortest that may do.
    pub(super) fn prove(&mut self, now: Duration) {
        let token = self.token.as_ref().filter(|token| now < token.until);
        let (proof, proving) = match (token, &self.session) {
            (Some(token), Some(session)) => {
                let proof = Proof::Resume {
                    token: token.text.clone(),
                    session: session.clone(),
                    last: self.last,
                };
                (proof, Proving::Resume)
            }
            (Some(token), None) => (Proof::Token(token.text.clone()), Proving::Token),
            (None, _) => {
                self.forget_token();
                let nonce = self.letters(NONCE_CHARS);
                let conversation = Conversation::new(&self.person.address, &self.person.password, &nonce);
                (
                    Proof::ScramFirst(conversation.first()),
                    Proving::First(conversation),
                )
            }
        };
        let until = now + LOG_ON_WAIT;
        self.stage = Stage::Proving { until, proving };
        self.request(now, Open::Prove, |request| ClientFrame::Authenticate {
            request,
            proof,
        });
    }

    pub(super) fn forget_token(&mut self) {
        self.token = None;
        self.session = None;
    }

    /// So many random letters and digits.
    pub(super) fn letters(&mut self, count: usize) -> String {
        let letter = |_| char::from(LETTERS[self.rng.random_range(0..LETTERS.len())]);
        (0..count).map(letter).collect()
    }

    pub(super) fn challenged(&mut self, now: Duration, scram: &str) {
        let Stage::Proving { until, proving } = &self.stage else {
            return;
        };
        let (until, answered) = match proving {
            Proving::First(conversation) => (*until, conversation.answer(scram)),
            Proving::Resume | Proving::Token | Proving::Last(_) => return,
        };
        match answered {
            Ok((answer, unproved)) => {
                let proving = Proving::Last(unproved);
                self.stage = Stage::Proving { until, proving };
                let proof = Proof::ScramFinal(answer);
                self.request(now, Open::Prove, |request| ClientFrame::Authenticate {
                    request,
                    proof,
                });
            }
            Err(error) => self.over(CloseCode::WrongCredentials.code(), &error.to_string()),
        }
    }

    pub(super) fn welcomed(&mut self, now: Duration, welcome: Welcome) {
        let proved = match &self.stage {
            Stage::Proving {
                proving: Proving::Last(unproved),
                ..
            } => unproved.verify(welcome.scram.as_deref().unwrap_or_default()),
            // Nothing was asked yet that this could be the answer to.
            Stage::Proving {
                proving: Proving::First(_),
                ..
            } => Err(ScramError::NotTheServer),
            Stage::Proving {
                proving: Proving::Resume | Proving::Token,
                ..
            } => Ok(()),
            Stage::Waiting { .. } | Stage::Opening { .. } | Stage::Ready(_) | Stage::Over { .. } => return,
        };
        if let Err(error) = proved {
            return self.over(CloseCode::WrongCredentials.code(), &error.to_string());
        }
        let seconds = |count: u32| Duration::from_secs(u64::from(count));
        self.welcomed = true;
        self.token = Some(Token {
            text: welcome.token,
            until: now + seconds(welcome.lifetime),
        });
        if !welcome.resumed {
            self.last = 0;
            self.watches.forget_subscriptions();
            self.wish.again(now);
        }
        self.session = Some(welcome.session);
        let heartbeat = seconds(welcome.heartbeat).clamp(Duration::from_secs(1), limits::HEARTBEAT);
        let watch_many_max = welcome.watch_many_max.unwrap_or(1);
        let watch_many_max = usize::try_from(watch_many_max).unwrap_or(usize::MAX);
        let requests_max = usize::try_from(welcome.requests_max).unwrap_or(usize::MAX);
        self.stage = Stage::Ready(Ready {
            since: now,
            heard: now,
            said: now,
            // Early enough for a slow network.
            ping_after: heartbeat * 3 / 4,
            requests_max: requests_max.clamp(1, limits::REQUESTS_MAX),
            watch_many_max: watch_many_max.clamp(1, limits::WATCH_MANY_MAX),
            come_back: None,
            leaving: None,
        });
        self.actions.push_back(Action::Show(Event::Online {
            address: welcome.address,
            resumed: welcome.resumed,
        }));
        self.pump(now);
        self.leave_when_done(now);
    }

    /// The proof was refused.
    pub(super) fn not_let_in(&mut self, now: Duration, why: Why, retry_after: Option<Duration>) {
        let by_token = matches!(
            &self.stage,
            Stage::Proving {
                proving: Proving::Resume | Proving::Token,
                ..
            }
        );
        match why {
            Why::WrongCredentials | Why::SessionOver if by_token => {
                self.forget_token();
                self.come_back(now, why.reason(), Duration::ZERO);
            }
            Why::Busy | Why::Unavailable | Why::Full | Why::LogOnLater => {
                let retry_after = retry_after.or(Some(Duration::ZERO));
                self.ended(
                    now,
                    Ended {
                        code: None,
                        reason: why.reason().to_owned(),
                        retry_after,
                    },
                );
            }
            Why::WrongCredentials
            | Why::SessionOver
            | Why::Malformed
            | Why::Forbidden
            | Why::NobodyThere
            | Why::NotReachable
            | Why::KeptFull
            | Why::LeftConversation
            | Why::TooLarge
            | Why::NotThere
            | Why::NotSupported
            | Why::Internal
            | Why::Unknown => self.over(CloseCode::WrongCredentials.code(), why.reason()),
        }
    }
}
