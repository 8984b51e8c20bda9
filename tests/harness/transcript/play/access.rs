//! Sentences about access lists: what clients change, exactly as they do it (spec 3.8).

use super::{Player, Tried, answered};

impl Player {
    pub(super) async fn access(&mut self, sentence: &[&str]) -> Tried {
        let (who, about, grant, deny): (&str, &str, &[&str], &[&str]) = match sentence {
            [who, "reads", whose, "access"] => {
                let whose = self.owner(who, whose)?;
                return answered(self.client(who)?.read_access(&whose).await?);
            }
            [who, "blocks", whom] => (who, whom, &[], &["send-to", "presence"]),
            [who, "allows", "only", "its", "contacts"] => (who, "allprincipals", &["list", "read"], &[]),
            [who, "allows", "everybody"] => (
                who,
                "allprincipals",
                &["list", "read", "send-to", "presence"],
                &[],
            ),
            [who, "unblocks" | "allows", whom] => (who, whom, &["send-to", "presence"], &[]),
            [who, "grants", whom, rights @ ..] => (who, whom, rights, &[]),
            [who, "denies", whom, rights @ ..] => (who, whom, &[], rights),
            _ => return Ok(None),
        };
        let about = match about {
            "allprincipals" => about.to_owned(),
            name => self.person(name)?.to_string(),
        };
        answered(self.client(who)?.change_access(&about, grant, deny).await?)
    }
}
