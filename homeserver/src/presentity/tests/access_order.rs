//! In what order entries are asked (spec 6.5).

use super::say::{alice, asserted, bob, carol, entry, everybody, leased, listed, proved, rights, showing};
use super::stage::Stage;
use rvp::access::{Credentials, Entry, Right, Who};
use rvp::{Caller, Credential, Identity, PresenceState};

const P: Right = Right::Presence;

/// Whether Bob sees Alice when these are all entries but hers.
fn sees(caller: &Caller, entries: impl IntoIterator<Item = Entry>) -> bool {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.set(leased(PresenceState::Online));
    let read = everybody(listed(&Credential::ALL), &[Right::Read], &[]);
    stage.change_access([read]);
    stage.change_access(entries);
    stage.state_for(caller) == PresenceState::Online
}

fn all(grant: &[Right], deny: &[Right]) -> Entry {
    everybody(listed(&Credential::ALL), &[grant, &[Right::Read]].concat(), deny)
}

fn bobs(grant: &[Right], deny: &[Right]) -> Entry {
    Entry {
        credentials: listed(&Credential::ALL),
        ..entry(&bob(), grant, deny)
    }
}

#[test]
fn ones_own_entry_comes_before_everybodys_and_a_refusal_before_a_grant() {
    let cases = [
        (bobs(&[], &[]), all(&[], &[]), false),
        (bobs(&[], &[]), all(&[P], &[]), true),
        (bobs(&[], &[]), all(&[], &[P]), false),
        (bobs(&[], &[]), all(&[P], &[P]), false),
        (bobs(&[P], &[]), all(&[], &[P]), true),
        (bobs(&[], &[P]), all(&[P], &[]), false),
        (bobs(&[P], &[P]), all(&[P], &[]), false),
        (bobs(&[Right::SendTo], &[]), all(&[P], &[]), true),
    ];
    for (own, everybodys, expected) in cases {
        for credential in Credential::ALL {
            let seen = sees(&showing(&bob(), credential), [own.clone(), everybodys.clone()]);
            assert_eq!(seen, expected, "{own:?} and {everybodys:?} with {credential:?}");
        }
    }
}

#[test]
fn any_means_every_credential_but_a_bare_assertion() {
    for credential in Credential::ALL {
        let entry = entry(&bob(), &[P], &[]);
        assert_eq!(entry.credentials, Credentials::Any);
        let seen = sees(&showing(&bob(), credential), [entry]);
        assert_eq!(seen, credential != Credential::Assertion);
    }
}

#[test]
fn an_entry_counts_for_each_credential_it_lists() {
    let credentials = listed(&[Credential::Digest, Credential::Ntlm]);
    for credential in Credential::ALL {
        let entry = Entry {
            credentials: credentials.clone(),
            ..bobs(&[P], &[])
        };
        let seen = sees(&showing(&bob(), credential), [entry]);
        assert_eq!(seen, [Credential::Digest, Credential::Ntlm].contains(&credential));
    }
}

#[test]
fn an_entry_is_about_exactly_its_principal() {
    let server = Identity::parse("im.example.com").unwrap();
    let of_server = Entry {
        who: Who::One(server.clone()),
        ..bobs(&[P], &[])
    };
    assert!(
        !sees(&proved(&bob()), [of_server.clone()]),
        "a server is not its people"
    );
    assert!(!sees(&proved(&carol()), [bobs(&[P], &[])]));
    let server = Caller {
        identity: server,
        credential: Credential::Ntlm,
    };
    assert!(sees(&server, [of_server]));
}

#[test]
fn who_only_claims_to_be_the_owner_is_anybody() {
    assert!(!sees(&asserted(&alice()), [all(&[], &[])]));
    assert!(sees(&asserted(&alice()), [all(&[P], &[])]));
    assert!(sees(&proved(&alice()), [all(&[], &[P])]));
}

#[test]
fn everybody_who_proved_who_they_are_may_by_default_look_and_write() {
    let mut stage = Stage::watched();
    let answer = stage.request(&proved(&alice()), rvp::Method::Acl(rvp::method::Acl::Read));
    let Ok(rvp::Reply::AccessList(list)) = answer else {
        panic!("not read: {answer:?}");
    };
    let everybodys = list.entries.last().unwrap();
    let may = [Right::List, Right::Read, Right::SendTo, Right::Presence];
    assert_eq!((&everybodys.who, &everybodys.grant), (&Who::All, &rights(&may)));
    for (credential, state) in [
        (Credential::Digest, PresenceState::Online),
        (Credential::Ntlm, PresenceState::Online),
    ] {
        assert_eq!(stage.state_for(&showing(&bob(), credential)), state);
    }
}
