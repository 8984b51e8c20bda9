//! Sentences about presence and other properties.

use super::{Player, Tried, answered};
use crate::client::{ALL_PROPERTIES, NamedView, SetState};
use crate::transcript::words;
use crate::wire::Ask;
use anyhow::Context;

impl Player {
    pub(super) async fn presence(&mut self, sentence: &[&str]) -> Tried {
        match sentence {
            [who, "sets", property, rest @ ..] if property.starts_with("state=") => {
                let state = words::pair(property)?.1;
                let (lease, view) = match rest {
                    ["for", time, view @ ..] => (Some(words::seconds(time)?), view),
                    view => (None, view),
                };
                let view = match view {
                    [] => NamedView::Usual,
                    ["in", "no", "view"] => NamedView::None,
                    ["in", "view", id] => NamedView::This(id.parse().context("a view is a number")?),
                    ["in", owner, "view"] => {
                        let owner = owner.trim_end_matches("'s");
                        NamedView::This(self.client(owner)?.view.context("it has no view")?)
                    }
                    _ => return Ok(None),
                };
                answered(
                    self.client(who)?
                        .set_state(SetState { state, lease, view })
                        .await?,
                )
            }
            [who, "sets", property] => {
                let (name, value) = words::pair(property)?;
                self.sets(who, name, value).await
            }
            [who, "reads", whom] => {
                let whom = self.person(whom)?;
                answered(self.client(who)?.find(&whom, &ALL_PROPERTIES).await?)
            }
            [who, "reads", whom, "for", names @ ..] => {
                let whom = self.person(whom)?;
                answered(self.client(who)?.find(&whom, names).await?)
            }
            _ => Ok(None),
        }
    }

    /// Sets a property that is text: Net-RVP leases it, without default and timeout (spec 3.6).
    async fn sets(&mut self, who: &str, name: &str, value: &str) -> Tried {
        let client = self.client(who)?;
        let value = if client.wire.style == crate::wire::Style::NetRvp {
            format!("<r:leased-value><r:value>{value}</r:value></r:leased-value>")
        } else {
            value.to_owned()
        };
        let body = client.dialect().update(&format!("<{name}>{value}</{name}>"));
        answered(client.ask(&Ask::new("PROPPATCH", client.me()).body(body)).await?)
    }
}
