//! Properties of a person's node, presence states, leased values and views (spec 1.3, 4).

pub(crate) mod element;

use crate::Lifetime;
use std::num::NonZeroU32;

/// A presence state (spec 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum PresenceState {
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
    /// Invisible: watchers are told offline.
    Invisible,
}

impl PresenceState {
    /// Every state.
    pub const ALL: [Self; 9] = [
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

    /// The element's local name: `on-phone`.
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
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// What others are told: invisible people are offline (spec 4.1).
    #[must_use]
    pub fn shown(self) -> Self {
        if self == Self::Invisible {
            Self::Offline
        } else {
            self
        }
    }
}

/// The name of a property: its namespace is implied by the local name for those we know (spec 4.2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum PropertyName {
    /// `r:state`.
    State,
    /// `d:displayname`.
    DisplayName,
    /// `r:email`.
    Email,
    /// `r:mobile-state`.
    MobileState,
    /// `r:mobile-description`.
    MobileDescription,
    /// One that no node has. Echoed in the answer with the prefix of its namespace.
    Unknown {
        /// `DAV:`, the RVP namespace, or any other, which is written as the RVP one.
        dav: bool,
        /// The local name: an XML name of at most 64 characters.
        local: String,
    },
}

impl PropertyName {
    /// The five that every node has, in the order they are written.
    pub const KNOWN: [Self; 5] = [
        Self::State,
        Self::DisplayName,
        Self::Email,
        Self::MobileState,
        Self::MobileDescription,
    ];
}

/// A property with its value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Property {
    /// Presence, flat: never a leased value (spec 3.2).
    State(PresenceState),
    /// The name people see.
    DisplayName(String),
    /// The mail address, which differs from the instant-messaging address.
    Email(String),
    /// Whether a mobile device can be reached.
    MobileState(bool),
    /// For example a telephone number.
    MobileDescription(String),
}

impl Property {
    /// The property's name.
    #[must_use]
    pub fn name(&self) -> PropertyName {
        match self {
            Self::State(_) => PropertyName::State,
            Self::DisplayName(_) => PropertyName::DisplayName,
            Self::Email(_) => PropertyName::Email,
            Self::MobileState(_) => PropertyName::MobileState,
            Self::MobileDescription(_) => PropertyName::MobileDescription,
        }
    }
}

/// One login's share of a person's presence. Fits a signed 32-bit integer (spec 0.1 rule 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ViewId(NonZeroU32);

impl ViewId {
    /// The id of that number; none for 0 and beyond 2147483647.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number)
            .filter(|n| i32::try_from(n.get()).is_ok())
            .map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

/// For how long a value holds and what it falls back to (spec 1.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lease {
    /// The value afterwards.
    pub default: PresenceState,
    /// For how long.
    pub timeout: Lifetime,
}
