//! What people do, at random. Ids are named by a number that is turned into one that exists when it is done.

use super::super::say::{
    alice, bob, carol, change_access, flat, leased, log_on_for, patch_all, showing, watch_for,
};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proto::Outcome;
use rvp::access::{Credentials, Entry, Right, Who};
use rvp::method::proppatch::{Patch, StatePatch};
use rvp::method::{Acl, Propfind, Subscriptions};
use rvp::notification::AckType;
use rvp::property::{Lease, PropertyName};
use rvp::{Caller, Credential, Identity, Lifetime, Method, PresenceState, Principal, SubscriptionKind};
use std::time::Duration;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Time passes, and whoever asked to be woken is.
    Pass(Duration),
    /// The core is told of the time without having asked.
    Lapse,
    /// Somebody asks something.
    Ask(Caller, What),
    /// A client says what became of one of the messages under way.
    Outcome(usize, Outcome),
    /// One of the logins or watches is lost.
    CallBackLost(usize),
    /// The account is changed.
    Account { disabled: bool, name: String },
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// This.
    Method(Method),
    /// More time for one of the subscriptions.
    Refresh(usize, u32),
    /// The end of one of the subscriptions.
    Unsubscribe(usize),
    /// A state for one of the views, or for one that is not there.
    SetView(Option<usize>, StatePatch),
    /// To hand on a message from oneself, or from somebody else.
    Message {
        from: Option<Identity>,
        ack: AckType,
        hop: u8,
    },
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => pass().prop_map(Act::Pass),
        1 => Just(Act::Lapse),
        20 => what(owners_method()).prop_map(|what| Act::Ask(showing(&alice(), Credential::Digest), what)),
        20 => (other(), what(others_method())).prop_map(|(caller, what)| Act::Ask(caller, what)),
        6 => (caller(), what(method())).prop_map(|(caller, what)| Act::Ask(caller, what)),
        10 => (any::<usize>(), outcome()).prop_map(|(which, outcome)| Act::Outcome(which, outcome)),
        1 => any::<usize>().prop_map(Act::CallBackLost),
        1 => (bool::arbitrary(), name()).prop_map(|(disabled, name)| Act::Account { disabled, name }),
        2 => name().prop_map(|name| Act::Account { disabled: false, name }),
    ]
}

/// What reaches a bound when it is done often.
pub(super) fn crowd() -> impl Strategy<Value = Act> {
    let alice = || showing(&alice(), Credential::Digest);
    let new_view = |state| What::SetView(None, state);
    let message = |ack| What::Message {
        from: None,
        ack,
        hop: 1,
    };
    prop_oneof![
        state().prop_map(move |state| Act::Ask(alice(), new_view(state))),
        seconds().prop_map(move |seconds| Act::Ask(alice(), What::Method(log_on_for(9, seconds)))),
        (other(), person())
            .prop_map(|(caller, watcher)| { Act::Ask(caller, What::Method(watch_for(&watcher, 9_000))) }),
        (other(), select(AckType::ALL.to_vec()))
            .prop_map(move |(caller, ack)| Act::Ask(caller, message(ack))),
    ]
}

fn pass() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => (0_u64..2_000).prop_map(Duration::from_millis),
        4 => (1_u64..60).prop_map(Duration::from_secs),
        4 => (60_000_u64..1_300_000).prop_map(Duration::from_millis),
        1 => (1_300_u64..20_000).prop_map(Duration::from_secs),
    ]
}

fn person() -> impl Strategy<Value = Principal> {
    select(vec![alice(), bob(), carol()])
}

fn identity() -> impl Strategy<Value = Identity> {
    prop_oneof![
        9 => person().prop_map(Identity::Person),
        1 => Just(Identity::parse("im.example.org").unwrap()),
    ]
}

fn caller() -> impl Strategy<Value = Caller> {
    let credential = select(Credential::ALL.to_vec());
    (identity(), credential).prop_map(|(identity, credential)| Caller { identity, credential })
}

/// Somebody else than Alice, who proved it.
fn other() -> impl Strategy<Value = Caller> {
    let proofs = select(vec![Credential::Digest, Credential::Ntlm]);
    (select(vec![bob(), carol()]), proofs).prop_map(|(person, credential)| showing(&person, credential))
}

fn what(method: impl Strategy<Value = Method>) -> impl Strategy<Value = What> {
    let from = option::weighted(0.1, identity());
    prop_oneof![
        20 => method.prop_map(What::Method),
        3 => (any::<usize>(), seconds()).prop_map(|(which, seconds)| What::Refresh(which, seconds)),
        2 => any::<usize>().prop_map(What::Unsubscribe),
        3 => (option::of(any::<usize>()), state()).prop_map(|(which, state)| What::SetView(which, state)),
        8 => (from, select(AckType::ALL.to_vec()), 1_u8..10)
            .prop_map(|(from, ack, hop)| What::Message { from, ack, hop }),
    ]
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![owners_method(), others_method()]
}

fn owners_method() -> impl Strategy<Value = Method> {
    let kind = select(vec![SubscriptionKind::Login, SubscriptionKind::Property]);
    prop_oneof![
        4 => (1_u16..6, seconds()).prop_map(|(port, seconds)| log_on_for(port, seconds)),
        5 => state().prop_map(|state| patch_all(vec![Patch::State(state)])),
        1 => patches().prop_map(patch_all),
        1 => kind.prop_map(|kind| Method::Subscriptions(Subscriptions { kind })),
        4 => vec(entry(), 0..3).prop_map(change_access),
        1 => Just(Method::Acl(Acl::Read)),
    ]
}

fn others_method() -> impl Strategy<Value = Method> {
    prop_oneof![
        4 => (person(), seconds()).prop_map(|(watcher, seconds)| watch_for(&watcher, seconds)),
        1 => Just(Method::Propfind(Propfind::All)),
        1 => Just(Method::Propfind(Propfind::Named(vec![PropertyName::State]))),
    ]
}

/// Lifetimes of all sizes, most of them long enough to matter.
fn seconds() -> impl Strategy<Value = u32> {
    prop_oneof![1 => 0_u32..100, 2 => 100_u32..2_000, 4 => 2_000_u32..30_000]
}

fn presence() -> impl Strategy<Value = PresenceState> {
    select(PresenceState::ALL.to_vec())
}

fn state() -> impl Strategy<Value = StatePatch> {
    let lease = (presence(), 0_u32..3_000).prop_map(|(default, seconds)| Lease {
        default,
        timeout: Lifetime(seconds),
    });
    prop_oneof![
        2 => presence().prop_map(leased),
        1 => presence().prop_map(flat),
        1 => (presence(), lease).prop_map(|(state, lease)| StatePatch {
            lease: Some(lease),
            ..flat(state)
        }),
    ]
}

fn patches() -> impl Strategy<Value = Vec<Patch>> {
    let patch = prop_oneof![
        state().prop_map(Patch::State),
        name().prop_map(Patch::DisplayName),
        Just(Patch::Other(PropertyName::Email)),
        Just(Patch::UnknownState),
    ];
    vec(patch, 1..4)
}

fn name() -> impl Strategy<Value = String> {
    select(vec!["Alice".to_owned(), "Al".to_owned()])
}

fn entry() -> impl Strategy<Value = Entry> {
    let who = prop_oneof![3 => identity().prop_map(Who::One), 1 => Just(Who::All)];
    let some = btree_set(select(Credential::ALL.to_vec()), 1..4);
    let credentials = prop_oneof![Just(Credentials::Any), some.prop_map(Credentials::Listed)];
    (who, credentials, rights(), rights()).prop_map(|(who, credentials, grant, deny)| Entry {
        who,
        credentials,
        grant: grant.into_iter().collect(),
        deny: deny.into_iter().collect(),
    })
}

/// Mostly what clients change, now and then anything.
fn rights() -> impl Strategy<Value = Vec<Right>> {
    prop_oneof![
        2 => Just(vec![]),
        2 => Just(vec![Right::SendTo, Right::Presence]),
        1 => Just(Right::ALL.to_vec()),
        1 => subsequence(Right::ALL.to_vec(), 0..=Right::ALL.len()),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    select(vec![
        Outcome::Taken,
        Outcome::Left,
        Outcome::Rejected,
        Outcome::Unreachable,
        Outcome::Busy,
    ])
}
