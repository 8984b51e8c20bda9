//! Sentences about the cluster, time, and accounts.

use super::{Player, Tried, done};
use crate::attached::AttachedClient;
use crate::transcript::words;

impl Player {
    pub(super) async fn cluster(&mut self, sentence: &[&str]) -> Tried {
        if let [_, "restarts" | "stops" | "crashes"] = sentence {
            self.clients
                .values()
                .for_each(|client| client.listener.allow_repeats());
            self.attached.values().for_each(AttachedClient::allow_repeats);
        }
        match sentence {
            [stretch @ .., "pass" | "passes"] => self.stage.advance(words::stretch(stretch)?).await?,
            ["everything", "restarts"] => {
                self.stage.stop_everything().await?;
                self.stage.begin_everything().await?;
            }
            ["everything", "stops"] => self.stage.stop_everything().await?,
            ["everything", "crashes"] => self.stage.crash_everything().await?,
            ["everything", "starts"] => self.stage.begin_everything().await?,
            [what, "restarts"] => {
                self.stage.stop(what).await?;
                self.stage.begin(what).await?;
            }
            [what, "stops"] => self.stage.stop(what).await?,
            [what, "crashes"] => self.stage.crash(what).await?,
            [what, "starts"] => self.stage.begin(what).await?,
            [who, "is", "disabled"] => {
                let person = self.person(who)?;
                self.stage.accounts().set_disabled(&person, true).await?;
            }
            [who, "is", "enabled"] => {
                let person = self.person(who)?;
                self.stage.accounts().set_disabled(&person, false).await?;
            }
            [who, "is", "removed"] => {
                let person = self.person(who)?;
                self.stage.accounts().remove(&person).await?;
            }
            [who, "joins", "the", "company"] => {
                let person = self.person(who)?;
                self.stage.accounts().add(&person, &super::capital(who)).await?;
            }
            _ => return Ok(None),
        }
        done()
    }
}
