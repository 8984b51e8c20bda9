//! Presence states, by RVP's names (spec 4.1).

use serde::{Deserialize, Serialize};

/// A presence state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Online.
    Online,
    /// Offline, or appearing so.
    Offline,
    /// Away.
    Away,
    /// Busy.
    Busy,
    /// Be right back.
    BackSoon,
    /// On the phone.
    OnPhone,
    /// Out to lunch.
    AtLunch,
    /// Idle, set by the client by itself.
    Idle,
    /// Invisible: others are told offline, and messages still come.
    Invisible,
    /// Nobody knows, because the other's server cannot be reached; also any state that a newer peer writes. Only
    /// told, never set.
    #[serde(other)]
    Unknown,
}

impl State {
    /// Every state that may be set.
    pub const SETTABLE: [Self; 9] = [
        Self::Online,
        Self::Offline,
        Self::Away,
        Self::Busy,
        Self::BackSoon,
        Self::OnPhone,
        Self::AtLunch,
        Self::Idle,
        Self::Invisible,
    ];

    /// The name, as frames write it and RVP too: `on-phone`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::BackSoon => "back-soon",
            Self::OnPhone => "on-phone",
            Self::AtLunch => "at-lunch",
            Self::Idle => "idle",
            Self::Invisible => "invisible",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name; none for what is not one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = Self::SETTABLE.into_iter().chain([Self::Unknown]);
        all.into_iter().find(|state| state.name() == name)
    }
}
