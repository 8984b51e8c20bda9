//! Reading properties.

use super::say::{alice, asserted, block, bob, entry, proved};
use super::stage::Stage;
use rvp::access::Right;
use rvp::method::Propfind;
use rvp::method::propfind::Properties;
use rvp::property::PropertyName;
use rvp::{Fault, Method, PresenceState, Property, Reply};

fn read(stage: &mut Stage, caller: &rvp::Caller, propfind: Propfind) -> Properties {
    let answer = stage.request(caller, Method::Propfind(propfind));
    let Ok(Reply::Properties(properties)) = answer else {
        panic!("not read: {answer:?}");
    };
    assert_eq!(properties.principal, alice());
    properties
}

#[test]
fn all_properties_come_in_the_order_clients_expect() {
    let properties = read(&mut Stage::watched(), &proved(&bob()), Propfind::All);
    let names: Vec<_> = properties.found.iter().map(Property::name).collect();
    assert_eq!(names, PropertyName::KNOWN);
    assert_eq!(properties.found[0], Property::State(PresenceState::Online));
    assert_eq!(properties.missing, []);
}

#[test]
fn named_properties_come_as_they_were_asked_and_unknown_ones_are_missing() {
    let nick = PropertyName::Unknown {
        dav: false,
        local: "nick".into(),
    };
    let names = vec![PropertyName::DisplayName, nick.clone(), PropertyName::State];
    let mut stage = Stage::watched();
    let properties = read(&mut stage, &proved(&bob()), Propfind::Named(names));
    let found = [
        Property::DisplayName("Alice Archer".into()),
        Property::State(PresenceState::Online),
    ];
    assert_eq!(properties.found, found);
    assert_eq!(properties.missing, [nick]);
}

#[test]
fn names_come_without_values() {
    let properties = read(&mut Stage::watched(), &proved(&bob()), Propfind::Names);
    assert_eq!(properties.names, PropertyName::KNOWN);
    assert_eq!(properties.found, []);
}

#[test]
fn listing_names_and_reading_values_are_two_rights() {
    let mut stage = Stage::watched();
    let state = || Propfind::Named(vec![PropertyName::State]);
    stage.change_access([entry(&bob(), &[Right::Read], &[Right::List])]);
    let answer = stage.request(&proved(&bob()), Method::Propfind(Propfind::Names));
    assert_eq!(answer, Err(Fault::Forbidden));
    read(&mut stage, &proved(&bob()), Propfind::All);
    stage.change_access([entry(&bob(), &[Right::List], &[Right::Read])]);
    read(&mut stage, &proved(&bob()), Propfind::Names);
    for propfind in [Propfind::All, state()] {
        let answer = stage.request(&proved(&bob()), Method::Propfind(propfind));
        assert_eq!(answer, Err(Fault::Forbidden));
    }
    let answer = stage.request(&asserted(&bob()), Method::Propfind(state()));
    assert_eq!(answer, Err(Fault::Unauthenticated));
}

#[test]
fn somebody_blocked_reads_offline_and_sees_no_block() {
    let mut stage = Stage::watched();
    stage.change_access([block(&bob())]);
    let properties = read(&mut stage, &proved(&bob()), Propfind::All);
    assert_eq!(properties.found[0], Property::State(PresenceState::Offline));
    assert_eq!((properties.found.len(), properties.forbidden.len()), (5, 0));
    assert_eq!(stage.state(), PresenceState::Online);
}
