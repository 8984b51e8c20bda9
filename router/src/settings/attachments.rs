//! `[attachments]`: clients that hold a connection open.

use crate::config::AttachmentConfig;
use daemon::config::Mistakes;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest that a session may outlive its connection, in seconds.
const RESUME_SECONDS_MAX: u32 = 600;

/// `[attachments]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttachmentsSection {
    /// Pages that may open an attachment besides those of the router's own host: `https://chat.example.com`.
    pub origins: Vec<String>,
    /// How long a session outlives its connection, 10 to 600 seconds.
    pub resume_seconds: u32,
}

impl Default for AttachmentsSection {
    fn default() -> Self {
        let AttachmentConfig {
            origins,
            resume_within,
        } = AttachmentConfig::default();
        Self {
            origins,
            resume_seconds: u32::try_from(resume_within.as_secs()).unwrap_or(RESUME_SECONDS_MAX),
        }
    }
}

impl AttachmentsSection {
    /// What becomes of it.
    pub(crate) fn config(&self) -> AttachmentConfig {
        AttachmentConfig {
            origins: self.origins.clone(),
            resume_within: Duration::from_secs(self.resume_seconds.into()),
        }
    }

    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        for origin in &self.origins {
            if !is_origin(origin) {
                let wrong = format_args!(
                    "has {origin:?}, but must be scheme, host and port only, as browsers write it: \
                     \"https://chat.example.com\""
                );
                mistakes.add("attachments.origins", wrong);
            }
        }
        if !(10..=RESUME_SECONDS_MAX).contains(&self.resume_seconds) {
            let seconds = self.resume_seconds;
            let wrong = format_args!("is {seconds}, but must be from 10 to {RESUME_SECONDS_MAX}");
            mistakes.add("attachments.resume_seconds", wrong);
        }
    }
}

fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let legal = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:[]".contains(&octet);
        !rest.is_empty() && rest.bytes().all(legal)
    })
}
