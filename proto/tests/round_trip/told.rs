//! Makers of what operators are told.

use super::nouns::{client_url, principal, subscription_id};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proto::operator::{
    Explained, HomeLoad, KnownMember, KnownMembers, Loan, MemberPhase, Session, SlotMove, Watcher,
};
use rvp::PresenceState;
use std::time::Duration;

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9.-]{0,12}"
}

pub(super) fn members() -> impl Strategy<Value = KnownMembers> {
    (any::<u64>(), vec(member(), 0..4)).prop_map(|(epoch, members)| KnownMembers { epoch, members })
}

fn member() -> impl Strategy<Value = KnownMember> {
    let phase = select(vec![
        MemberPhase::Joining,
        MemberPhase::Active,
        MemberPhase::Draining,
    ]);
    let loan = (name(), vec(any::<u16>(), 0..4)).prop_map(|(to, slots)| Loan { to, slots });
    let names = (name(), name(), name());
    let numbers = (any::<u32>(), any::<u32>(), any::<u32>());
    (names, numbers, phase, any::<bool>(), vec(loan, 0..3)).prop_map(
        |((id, address, zone), (capacity, protocol, placement), phase, full, lent)| KnownMember {
            id,
            address,
            zone,
            capacity,
            phase,
            full,
            lent,
            protocol,
            placement,
        },
    )
}

pub(super) fn load() -> impl Strategy<Value = HomeLoad> {
    let numbers = proptest::array::uniform6(any::<u32>());
    (numbers, vec((any::<u16>(), any::<u32>()), 0..4)).prop_map(|(numbers, online_by_slot)| {
        let [
            online,
            sessions,
            subscriptions,
            slots,
            messages_in_flight,
            requests_per_second,
        ] = numbers;
        HomeLoad {
            online,
            sessions,
            subscriptions,
            slots,
            messages_in_flight,
            requests_per_second,
            online_by_slot,
        }
    })
}

pub(super) fn explained() -> impl Strategy<Value = Explained> {
    let session = (subscription_id(), name(), client_url(), seconds()).prop_map(
        |(login, router, listener, ends_in)| Session {
            login,
            router,
            reach: listener.into(),
            ends_in,
        },
    );
    let watcher = (principal(), seconds()).prop_map(|(principal, ends_in)| Watcher { principal, ends_in });
    let slot_move = (name(), any::<u64>(), any::<u64>()).prop_map(|(member, epoch, at_ms)| SlotMove {
        member,
        epoch,
        at_ms,
    });
    let lists = (vec(session, 0..3), vec(watcher, 0..3), vec(slot_move, 0..3));
    let state = select(&PresenceState::ALL[..]);
    let home = (any::<u16>(), any::<u64>(), name(), state, any::<bool>());
    (home, lists, any::<[u32; 2]>()).prop_map(
        |(
            (slot, epoch, home, state, disabled),
            (sessions, watchers, moves),
            [watchers_count, kept_count],
        )| Explained {
            slot,
            epoch,
            home,
            state,
            disabled,
            sessions,
            watchers,
            watchers_count,
            kept_count,
            moves,
        },
    )
}

fn seconds() -> impl Strategy<Value = Duration> {
    any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into()))
}
