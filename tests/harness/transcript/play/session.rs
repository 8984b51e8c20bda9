//! Sentences about logging on and off, subscriptions, and how a client talks.

use super::{Outcome, Player, Tried, answered, done};
use crate::accounts::PASSWORD;
use crate::transcript::words;
use crate::wire::{Ask, Spelling};
use anyhow::Context;
use rvp::{Principal, SubscriptionKind};

/// An id that no server has given out: ids are random, and this one is not likely to be drawn.
const UNKNOWN_ID: u32 = 4_711;

impl Player {
    pub(super) async fn session(&mut self, sentence: &[&str]) -> Tried {
        match sentence {
            [who, "signs", "in"] => self.signs_in(who, &[]).await,
            [who, "signs", "in", "with", contacts @ ..] => self.signs_in(who, contacts).await,
            [who, "signs", "out"] => {
                self.client(who)?.sign_out().await?;
                done()
            }
            [who, "logs", "on"] => answered(self.client(who)?.log_on(14_400).await?),
            [who, "logs", "on", "for", time] => {
                answered(self.client(who)?.log_on(words::seconds(time)?).await?)
            }
            [who, "logs", "on", "calling", "back", url] => self.logs_on_elsewhere(who, url).await,
            [who, "logs", "off"] => self.cancels(who, "its", None).await,
            [who, "renews", whose, "login", "for", time] => self.renews(who, whose, None, time).await,
            [who, "renews", whose, "watch", "of", whom, "for", time] => {
                self.renews(who, whose, Some(whom), time).await
            }
            [who, "cancels", whose, "login"] => self.cancels(who, whose, None).await,
            [who, "cancels", whose, "watch", "of", whom] => self.cancels(who, whose, Some(whom)).await,
            [who, "subscribes", "to", whom, "for", time] => {
                let (whom, seconds) = (self.person(whom)?, words::seconds(time)?);
                answered(self.client(who)?.watch(&whom, seconds).await?)
            }
            [who, "lists", whose, "watchers"] => self.lists(who, whose, SubscriptionKind::Property).await,
            [who, "lists", whose, "logins"] => self.lists(who, whose, SubscriptionKind::Login).await,
            _ => self.manner_of_talking(sentence),
        }
    }

    /// Sentences that ask nothing and change how a client asks from now on.
    fn manner_of_talking(&mut self, sentence: &[&str]) -> Tried {
        match sentence {
            [who, "mistypes", "its", "password"] => self.client(who)?.wire.password = "wrong".to_owned(),
            [who, "types", "its", "password"] => self.client(who)?.wire.password = PASSWORD.to_owned(),
            [who, "proves", "itself", "with", proof] => {
                self.client(who)?.wire.proof = crate::wire::proof(proof)?;
            }
            [who, "opens", "a", "new", "connection"] => self.client(who)?.kept.connection = None,
            [who, "goes", "to", router] => {
                let door = self.stage.door(router)?;
                self.client(who)?.wire.router = door;
                self.client(who)?.kept.connection = None;
            }
            [who, "writes", "foreign", "prefixes"] => self.client(who)?.foreign_prefixes = true,
            [who, "spells", how @ ..] => {
                let Some(spelling) = spelling(how) else {
                    return Ok(None);
                };
                self.client(who)?.wire.spelling = spelling;
            }
            _ => return Ok(None),
        }
        done()
    }

    async fn signs_in(&mut self, who: &str, contacts: &[&str]) -> Tried {
        let names = contacts.iter().filter(|word| **word != "and");
        let contacts: Vec<Principal> = names.map(|name| self.person(name)).collect::<Result<_, _>>()?;
        self.client(who)?.sign_in(&contacts).await?;
        done()
    }

    async fn logs_on_elsewhere(&mut self, who: &str, url: &str) -> Tried {
        let client = self.client(who)?;
        let ask = Ask::new("SUBSCRIBE", client.me())
            .header("Notification-Type", "pragma/notify")
            .header("Subscription-Lifetime", 14_400)
            .header("Call-Back", url);
        answered(client.ask(&ask).await?)
    }

    async fn renews(&mut self, who: &str, whose: &str, whom: Option<&str>, time: &str) -> Tried {
        let (on, id) = self.subscription(who, whose, whom)?;
        answered(self.client(who)?.renew(&on, id, words::seconds(time)?).await?)
    }

    async fn cancels(&mut self, who: &str, whose: &str, whom: Option<&str>) -> Tried {
        let (on, id) = self.subscription(who, whose, whom)?;
        answered(self.client(who)?.cancel(&on, id).await?)
    }

    /// The node and the id of `its` subscription, of `maxb's`, or of an `unknown` one; of a login or, with
    /// `whom`, of a watch.
    fn subscription(
        &mut self,
        who: &str,
        whose: &str,
        whom: Option<&str>,
    ) -> anyhow::Result<(Principal, u32)> {
        let whom = whom.map(|name| self.person(name)).transpose()?;
        if whose == "unknown" {
            let on = whom.unwrap_or(self.client(who)?.me().clone());
            return Ok((on, UNKNOWN_ID));
        }
        let owner = if whose == "its" {
            who
        } else {
            whose.trim_end_matches("'s")
        };
        let client = self.client(owner)?;
        match whom {
            None => Ok((client.me().clone(), client.login.context("it is not logged on")?)),
            Some(whom) => {
                let id = *client
                    .watches
                    .get(&whom)
                    .context("it does not watch this person")?;
                Ok((whom, id))
            }
        }
    }

    async fn lists(&mut self, who: &str, whose: &str, kind: SubscriptionKind) -> Tried {
        let whose = self.owner(who, whose)?;
        Ok(Some(Outcome::Answered(
            self.client(who)?.list(&whose, kind).await?,
        )))
    }

    /// The person meant by `its` or `maxb's`.
    pub(super) fn owner(&mut self, who: &str, whose: &str) -> anyhow::Result<Principal> {
        match whose {
            "its" => Ok(self.client(who)?.me().clone()),
            other => self.person(other.trim_end_matches("'s")),
        }
    }
}

fn spelling(words: &[&str]) -> Option<Spelling> {
    Some(match words {
        ["plainly"] => Spelling::Plain,
        ["physical", "URLs"] => Spelling::Physical,
        ["absolute", "request", "lines"] => Spelling::Absolute,
        ["in", "capitals"] => Spelling::UpperCase,
        ["trailing", "slashes"] => Spelling::TrailingSlash,
        ["the", "port"] => Spelling::WithPort,
        _ => return None,
    })
}
