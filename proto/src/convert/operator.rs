//! What an operator asks and is told.

use super::identity::{principal, url};
use super::subscription::id;
use super::{Error, at_most, enumerated, every, messages, text};
use crate::operator::{
    Explained, HomeLoad, KnownMember, KnownMembers, Loan, MemberPhase, Session, SlotMove,
    WATCHERS_LISTED_MAX, Watcher,
};
use crate::v1;
use rvp::Reach;
use std::time::Duration;

impl From<KnownMembers> for v1::KnownMembers {
    fn from(known: KnownMembers) -> Self {
        Self {
            epoch: known.epoch,
            members: messages(known.members),
        }
    }
}

impl TryFrom<v1::KnownMembers> for KnownMembers {
    type Error = Error;

    fn try_from(message: v1::KnownMembers) -> Result<Self, Error> {
        Ok(Self {
            epoch: message.epoch,
            members: every(message.members)?,
        })
    }
}

impl From<KnownMember> for v1::KnownMember {
    fn from(member: KnownMember) -> Self {
        Self {
            id: member.id,
            address: member.address,
            zone: member.zone,
            capacity: member.capacity,
            phase: v1::MemberPhase::from(member.phase).into(),
            full: member.full,
            lent: messages(member.lent),
            protocol: member.protocol,
            placement: member.placement,
        }
    }
}

impl TryFrom<v1::KnownMember> for KnownMember {
    type Error = Error;

    fn try_from(message: v1::KnownMember) -> Result<Self, Error> {
        Ok(Self {
            id: message.id,
            address: message.address,
            zone: message.zone,
            capacity: message.capacity,
            phase: enumerated::<v1::MemberPhase, _>("KnownMember.phase", message.phase)?,
            full: message.full,
            lent: every(message.lent)?,
            protocol: message.protocol,
            placement: message.placement,
        })
    }
}

impl From<MemberPhase> for v1::MemberPhase {
    fn from(phase: MemberPhase) -> Self {
        match phase {
            MemberPhase::Joining => Self::Joining,
            MemberPhase::Active => Self::Active,
            MemberPhase::Draining => Self::Draining,
        }
    }
}

impl TryFrom<v1::MemberPhase> for MemberPhase {
    type Error = Error;

    fn try_from(message: v1::MemberPhase) -> Result<Self, Error> {
        match message {
            v1::MemberPhase::Unspecified => Err(Error::Missing("MemberPhase")),
            v1::MemberPhase::Joining => Ok(Self::Joining),
            v1::MemberPhase::Active => Ok(Self::Active),
            v1::MemberPhase::Draining => Ok(Self::Draining),
        }
    }
}

impl From<Loan> for v1::Loan {
    fn from(loan: Loan) -> Self {
        Self {
            to: loan.to,
            slots: loan.slots.into_iter().map(u32::from).collect(),
        }
    }
}

impl TryFrom<v1::Loan> for Loan {
    type Error = Error;

    fn try_from(message: v1::Loan) -> Result<Self, Error> {
        let slots = message.slots.into_iter().map(|each| slot("Loan.slots", each));
        Ok(Self {
            to: message.to,
            slots: slots.collect::<Result<_, _>>()?,
        })
    }
}

impl From<HomeLoad> for v1::HomeLoad {
    fn from(load: HomeLoad) -> Self {
        let by_slot = load.online_by_slot.into_iter();
        Self {
            online: load.online,
            sessions: load.sessions,
            subscriptions: load.subscriptions,
            slots: load.slots,
            messages_in_flight: load.messages_in_flight,
            requests_per_second: load.requests_per_second,
            online_by_slot: by_slot
                .map(|(slot, online)| v1::SlotOnline {
                    slot: slot.into(),
                    online,
                })
                .collect(),
        }
    }
}

impl TryFrom<v1::HomeLoad> for HomeLoad {
    type Error = Error;

    fn try_from(message: v1::HomeLoad) -> Result<Self, Error> {
        let by_slot = message.online_by_slot.into_iter();
        Ok(Self {
            online: message.online,
            sessions: message.sessions,
            subscriptions: message.subscriptions,
            slots: message.slots,
            messages_in_flight: message.messages_in_flight,
            requests_per_second: message.requests_per_second,
            online_by_slot: by_slot
                .map(|each| Ok((slot("SlotOnline.slot", each.slot)?, each.online)))
                .collect::<Result<_, Error>>()?,
        })
    }
}

impl From<Explained> for v1::Explained {
    fn from(explained: Explained) -> Self {
        Self {
            slot: explained.slot.into(),
            epoch: explained.epoch,
            home: explained.home,
            state: v1::PresenceState::from(explained.state).into(),
            disabled: explained.disabled,
            sessions: messages(explained.sessions),
            watchers: messages(explained.watchers),
            watchers_count: explained.watchers_count,
            kept_count: explained.kept_count,
            moves: messages(explained.moves),
        }
    }
}

impl TryFrom<v1::Explained> for Explained {
    type Error = Error;

    fn try_from(message: v1::Explained) -> Result<Self, Error> {
        Ok(Self {
            slot: slot("Explained.slot", message.slot)?,
            epoch: message.epoch,
            home: message.home,
            state: enumerated::<v1::PresenceState, _>("Explained.state", message.state)?,
            disabled: message.disabled,
            sessions: every(message.sessions)?,
            watchers: at_most("Explained.watchers", WATCHERS_LISTED_MAX, message.watchers)?,
            watchers_count: message.watchers_count,
            kept_count: message.kept_count,
            moves: every(message.moves)?,
        })
    }
}

impl From<Session> for v1::Session {
    fn from(session: Session) -> Self {
        Self {
            login: session.login.get(),
            router: session.router,
            reach: session.reach.to_string(),
            ends_in_seconds: seconds(session.ends_in),
        }
    }
}

impl TryFrom<v1::Session> for Session {
    type Error = Error;

    fn try_from(message: v1::Session) -> Result<Self, Error> {
        Ok(Self {
            login: id("Session.login", message.login)?,
            router: message.router,
            reach: text("Session.reach", &message.reach, Reach::parse)?,
            ends_in: Duration::from_secs(message.ends_in_seconds.into()),
        })
    }
}

impl From<Watcher> for v1::Watcher {
    fn from(watcher: Watcher) -> Self {
        Self {
            principal: url(&watcher.principal),
            ends_in_seconds: seconds(watcher.ends_in),
        }
    }
}

impl TryFrom<v1::Watcher> for Watcher {
    type Error = Error;

    fn try_from(message: v1::Watcher) -> Result<Self, Error> {
        Ok(Self {
            principal: principal("Watcher.principal", &message.principal)?,
            ends_in: Duration::from_secs(message.ends_in_seconds.into()),
        })
    }
}

impl From<SlotMove> for v1::SlotMove {
    fn from(slot_move: SlotMove) -> Self {
        Self {
            member: slot_move.member,
            epoch: slot_move.epoch,
            at_ms: slot_move.at_ms,
        }
    }
}

impl TryFrom<v1::SlotMove> for SlotMove {
    type Error = Error;

    fn try_from(message: v1::SlotMove) -> Result<Self, Error> {
        Ok(Self {
            member: message.member,
            epoch: message.epoch,
            at_ms: message.at_ms,
        })
    }
}

fn slot(field: &'static str, number: u32) -> Result<u16, Error> {
    u16::try_from(number).map_err(|_| Error::OutOfRange(field))
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
