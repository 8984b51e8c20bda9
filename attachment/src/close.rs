//! Why a connection is closed, and what its client does next.

/// The code with which a WebSocket is closed. An event stream ends with a frame `closed` of the same code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CloseCode {
    /// The client has logged off, as it asked.
    LoggedOff,
    /// A frame was not text.
    NotText,
    /// A text was not UTF-8.
    NotUtf8,
    /// A frame was too large.
    TooLarge,
    /// A defect at the server.
    Internal,
    /// The router is about to stop: another one goes on with the session.
    Draining,
    /// The router has no room.
    TryLater,
    /// A frame was no JSON object of a known shape.
    Malformed,
    /// It was not shown in time who the client is.
    NotAuthenticated,
    /// Something was asked before it was shown who the client is.
    AuthenticateFirst,
    /// It was shown already who the client is.
    AuthenticatedAlready,
    /// The credentials were wrong.
    WrongCredentials,
    /// Nothing was heard of the client for too long.
    Silent,
    /// The client does not read what it is sent.
    TooSlow,
    /// The session goes on at another connection.
    Resumed,
    /// The session was ended: the account is disabled or removed, or another client logged it off.
    SessionOver,
}

/// What a client does after a connection was closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Next {
    /// Nothing: it was meant so.
    Nothing,
    /// Connect again, to whichever router, and resume.
    Resume,
    /// Connect again and log on with the password or a token.
    LogOn,
    /// Ask the person for the password.
    AskPassword,
    /// Give up: the client has a defect, and the same would happen again.
    GiveUp,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 16] = [
        Self::LoggedOff,
        Self::NotText,
        Self::NotUtf8,
        Self::TooLarge,
        Self::Internal,
        Self::Draining,
        Self::TryLater,
        Self::Malformed,
        Self::NotAuthenticated,
        Self::AuthenticateFirst,
        Self::AuthenticatedAlready,
        Self::WrongCredentials,
        Self::Silent,
        Self::TooSlow,
        Self::Resumed,
        Self::SessionOver,
    ];

    /// The number: one of RFC 6455 where it has the same meaning, else a private one.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::LoggedOff => 1000,
            Self::NotText => 1003,
            Self::NotUtf8 => 1007,
            Self::TooLarge => 1009,
            Self::Internal => 1011,
            Self::Draining => 1012,
            Self::TryLater => 1013,
            Self::Malformed => 4000,
            Self::NotAuthenticated => 4001,
            Self::AuthenticateFirst => 4002,
            Self::AuthenticatedAlready => 4003,
            Self::WrongCredentials => 4004,
            Self::Silent => 4005,
            Self::TooSlow => 4006,
            Self::Resumed => 4007,
            Self::SessionOver => 4008,
        }
    }

    /// The code of that number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.code() == code)
    }

    /// The reason that travels with the code.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::LoggedOff => "logged off",
            Self::NotText => "frames are text",
            Self::NotUtf8 => "text is UTF-8",
            Self::TooLarge => "the frame is too large",
            Self::Internal => "the server made a mistake",
            Self::Draining => "the router is about to stop",
            Self::TryLater => "there is no room, try later",
            Self::Malformed => "the frame is malformed",
            Self::NotAuthenticated => "not authenticated in time",
            Self::AuthenticateFirst => "authenticate first",
            Self::AuthenticatedAlready => "authenticated already",
            Self::WrongCredentials => "the credentials are wrong",
            Self::Silent => "nothing was heard for too long",
            Self::TooSlow => "the client does not read",
            Self::Resumed => "the session goes on at another connection",
            Self::SessionOver => "the session has ended",
        }
    }

    /// What a client does next.
    #[must_use]
    pub fn next(self) -> Next {
        match self {
            Self::LoggedOff | Self::Resumed => Next::Nothing,
            Self::Draining | Self::Silent | Self::TooSlow | Self::Internal => Next::Resume,
            Self::TryLater | Self::NotAuthenticated | Self::SessionOver => Next::LogOn,
            Self::WrongCredentials => Next::AskPassword,
            Self::NotText
            | Self::NotUtf8
            | Self::TooLarge
            | Self::Malformed
            | Self::AuthenticateFirst
            | Self::AuthenticatedAlready => Next::GiveUp,
        }
    }
}
