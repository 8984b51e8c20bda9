//! Home servers that are alike.

use placement::{Member, Members, Phase};
use std::sync::Arc;

pub(crate) fn members(homes: u32) -> Arc<Members> {
    let home = |number: u32| Member {
        phase: Phase::Active,
        ..Member::new(
            format!("home-{number}").as_str().into(),
            "127.0.0.1:7400",
            "core",
            10_000,
        )
    };
    Arc::new(Members::new(1, (1..=homes).map(home)))
}
