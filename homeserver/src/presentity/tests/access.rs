//! Every right with every credential: what a right lets somebody do, and nothing else does.

use super::say::{bob, carol, change_access, entry, everybody, leased, listed, message, set, showing, watch};
use super::stage::{ROUTER, Stage};
use crate::command::Verdict;
use rvp::access::{Credentials, Entry, Right};
use rvp::method::{Acl, Propfind, Subscriptions};
use rvp::notification::AckType;
use rvp::{Caller, Credential, Fault, Identity, Method, PresenceState, SubscriptionKind};

/// The request that a right is for; none for the right to what only the owner gets.
fn needs(right: Right) -> Option<Method> {
    Some(match right {
        Right::List => Method::Propfind(Propfind::Names),
        Right::Read => Method::Propfind(Propfind::All),
        Right::Write => set(leased(PresenceState::Online)),
        Right::SendTo => message(&Identity::Person(bob()), AckType::DeepOr),
        Right::ReceiveFrom => return None,
        Right::ReadAcl => Method::Acl(Acl::Read),
        Right::WriteAcl => change_access([]),
        Right::Presence => watch(&bob()),
        Right::Subscriptions => Method::Subscriptions(Subscriptions {
            kind: SubscriptionKind::Property,
        }),
        Right::SubscribeOthers => watch(&carol()),
    })
}

/// What Bob gets with this proof when these are all entries but the owner's.
fn tried(right: Right, credential: Credential, entries: &[Entry]) -> Option<Result<(), Fault>> {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.set(leased(PresenceState::Online));
    stage.change_access([everybody(Credentials::Any, &[], &[])]);
    stage.change_access(entries.to_vec());
    let bob = showing(&bob(), credential);
    if right == Right::Presence && credential != Credential::Assertion {
        return Some(seen(&mut stage, &bob));
    }
    Some(match stage.request_by(ROUTER, &bob, needs(right)?) {
        Verdict::Now(answer) => answer.map(drop),
        Verdict::Later(_) => Ok(()),
        Verdict::Again(_) | Verdict::Known(_) => panic!("nothing was sent before"),
        Verdict::Nothing => panic!("nobody was answered"),
    })
}

/// A refusal of presence does not show: only the state tells.
fn seen(stage: &mut Stage, caller: &Caller) -> Result<(), Fault> {
    let state = stage.subscribe(caller, watch(&bob())).1.unwrap();
    if state == PresenceState::Online {
        return Ok(());
    }
    assert_eq!(state, PresenceState::Offline);
    Err(Fault::Forbidden)
}

/// What somebody without the right hears.
fn refusal(right: Right, credential: Credential) -> Result<(), Fault> {
    Err(if credential == Credential::Assertion {
        Fault::Unauthenticated
    } else if right == Right::SendTo {
        Fault::NotLoggedOn
    } else {
        Fault::Forbidden
    })
}

/// An entry of Bob's that counts for one credential only.
fn of_bob(credential: Credential, grant: &[Right], deny: &[Right]) -> Entry {
    let credentials = listed(&[credential]);
    Entry {
        credentials,
        ..entry(&bob(), grant, deny)
    }
}

/// The right under test and what its request needs besides.
fn enough_for(right: Right) -> Vec<Right> {
    let mut rights = vec![right];
    if right == Right::SubscribeOthers {
        rights.push(Right::Presence);
    }
    rights
}

#[test]
fn a_right_counts_for_the_credential_it_was_given_for_and_no_other() {
    for right in Right::ALL {
        for given in Credential::ALL {
            for shown in Credential::ALL {
                let entries = [of_bob(given, &enough_for(right), &[])];
                let Some(answer) = tried(right, shown, &entries) else {
                    continue;
                };
                let expected = if given == shown {
                    Ok(())
                } else {
                    refusal(right, shown)
                };
                assert_eq!(answer, expected, "{right:?} given for {given:?}, {shown:?} shown");
            }
        }
    }
}

#[test]
fn every_other_right_is_not_enough() {
    for right in Right::ALL {
        let others: Vec<_> = Right::ALL.into_iter().filter(|other| *other != right).collect();
        for shown in Credential::ALL {
            let Some(answer) = tried(right, shown, &[of_bob(shown, &others, &[])]) else {
                continue;
            };
            assert_eq!(
                answer,
                refusal(right, shown),
                "all but {right:?}, {shown:?} shown"
            );
        }
    }
}

#[test]
fn a_refusal_beats_what_everybody_may_and_only_for_its_credential() {
    for right in Right::ALL {
        for refused in Credential::ALL {
            for shown in Credential::ALL {
                let all = everybody(listed(&Credential::ALL), &Right::ALL, &[]);
                let entries = [of_bob(refused, &[], &[right]), all];
                let Some(answer) = tried(right, shown, &entries) else {
                    continue;
                };
                let expected = if refused == shown {
                    refusal(right, shown)
                } else {
                    Ok(())
                };
                assert_eq!(
                    answer, expected,
                    "{right:?} refused for {refused:?}, {shown:?} shown"
                );
            }
        }
    }
}

#[test]
fn receiving_what_is_meant_for_the_owner_is_no_right_to_give() {
    let sink = || super::say::log_on(5);
    for shown in Credential::ALL {
        let mut stage = Stage::new();
        stage.change_access([of_bob(shown, &Right::ALL, &[])]);
        let answer = stage.request(&showing(&bob(), shown), sink());
        assert_eq!(answer.map(drop), refusal(Right::ReceiveFrom, shown));
    }
}

#[test]
fn the_owner_may_everything_with_any_proof() {
    let alice = super::say::alice();
    for shown in [Credential::Digest, Credential::Ntlm, Credential::Internal] {
        for right in Right::ALL {
            let mut stage = Stage::new();
            stage.log_on(1);
            stage.change_access([everybody(Credentials::Any, &[], &Right::ALL)]);
            let to_herself = message(&Identity::Person(alice.clone()), AckType::SingleHop);
            let needed = if right == Right::SendTo {
                Some(to_herself)
            } else {
                needs(right)
            };
            let Some(method) = needed else { continue };
            let answer = stage.request(&showing(&alice, shown), method);
            assert!(answer.is_ok(), "{right:?} with {shown:?}: {answer:?}");
        }
    }
}
