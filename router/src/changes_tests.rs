use super::*;
use allocation_counter::measure;
use rvp::PresenceState;

fn person(number: usize) -> Principal {
    Principal::from_address(&format!("{number:04}@im.example.com")).unwrap()
}

fn news(number: usize, version: u64, properties: Vec<Property>) -> Arc<News> {
    News::new(Change {
        presentity: person(number),
        properties,
        version,
    })
}

fn busy() -> Property {
    Property::State(PresenceState::Busy)
}

fn named(name: &str) -> Property {
    Property::DisplayName(name.to_owned())
}

#[test]
fn the_next_is_the_first_by_address_who_is_not_held_back() {
    let mut changes = Changes::default();
    for number in [3, 1, 4, 2] {
        changes.put(news(number, 1, Vec::new()));
    }
    let mut next = |held: &[usize]| {
        let held: Vec<Principal> = held.iter().copied().map(person).collect();
        let popped = changes.pop_unless(|whose| held.contains(whose))?;
        Some(popped.change().presentity.clone())
    };
    assert_eq!(next(&[1]), Some(person(2)));
    assert_eq!(next(&[1, 3, 4]), None);
    for number in [1, 3, 4] {
        assert_eq!(next(&[]), Some(person(number)));
    }
    assert_eq!(next(&[]), None);
}

#[test]
fn of_each_property_the_newer_value_waits_whichever_came_first() {
    for is_late in [false, true] {
        let mut changes = Changes::default();
        let older = news(1, 1, vec![Property::State(PresenceState::Away), named("Bob")]);
        let newer = news(1, 2, vec![busy()]);
        let (first, second) = if is_late {
            (&newer, &older)
        } else {
            (&older, &newer)
        };
        changes.put(Arc::clone(first));
        changes.put(Arc::clone(second));
        let waiting = changes.pop().unwrap();
        assert_eq!(waiting.change().properties, [busy(), named("Bob")]);
        assert_eq!(waiting.change().version, 2);
        assert!(changes.pop().is_none());
        // Others are told these as they are.
        assert_eq!(newer.change().properties, [busy()]);
        assert_eq!(older.change().properties.len(), 2);
    }
}

#[test]
fn a_newer_change_that_says_all_anew_is_not_made_again() {
    let mut changes = Changes::default();
    let newer = news(1, 2, vec![busy(), named("Bob")]);
    changes.put(news(1, 1, vec![named("Robert")]));
    changes.put(Arc::clone(&newer));
    assert!(Arc::ptr_eq(&changes.pop().unwrap(), &newer));
}

#[test]
fn a_text_is_written_once_and_that_of_what_holds_after_two_changes_anew() {
    let (mut changes, newer) = (Changes::default(), news(1, 2, vec![busy()]));
    let count = |change: &Change| Some(change.properties.len().to_string());
    assert_eq!(newer.text(count), Some("1"));
    assert_eq!(newer.text(|_| panic!("written again")), Some("1"));
    changes.put(Arc::clone(&newer));
    changes.put(news(1, 1, vec![named("Bob")]));
    assert_eq!(changes.pop().unwrap().text(count), Some("2"));
    let nothing = news(2, 1, Vec::new());
    assert_eq!(nothing.text(|_| None), None);
    assert_eq!(nothing.text(|_| panic!("asked again")), None);
}

#[test]
fn so_many_wait_and_those_who_wait_are_still_told_what_is_newer() {
    let mut changes = Changes::default();
    for number in 0..=CHANGES_MAX {
        changes.put(news(number, 1, Vec::new()));
    }
    changes.put(news(0, 2, vec![busy()]));
    assert_eq!(changes.pop().unwrap().change().version, 2);
    for number in 1..CHANGES_MAX {
        assert_eq!(changes.pop().unwrap().change().presentity, person(number));
    }
    assert!(changes.pop().is_none(), "one too many");
}

#[test]
fn what_one_or_two_take_is_no_block_and_what_many_took_is_given_back() {
    assert_eq!(size_of::<Changes>(), 24);
    let mut changes = Changes::default();
    let (one, another) = (news(1, 1, Vec::new()), news(2, 1, Vec::new()));
    let took = measure(|| {
        changes.put(Arc::clone(&one));
        changes.put(Arc::clone(&another));
        while changes.pop().is_some() {}
    });
    assert_eq!(took.count_total, 0);
    let many: Vec<Arc<News>> = (0..100).map(|number| news(number, 1, Vec::new())).collect();
    let held = measure(|| {
        many.iter().for_each(|each| changes.put(Arc::clone(each)));
        while changes.pop().is_some() {}
    });
    assert!(held.count_total > 0);
    assert_eq!(held.bytes_current, 0);
}

#[test]
fn of_whom_nobody_is_told_any_more_nothing_waits() {
    let mut changes = Changes::default();
    for number in [3, 1, 2] {
        changes.put(news(number, 1, vec![busy()]));
    }
    changes.remove(&person(1));
    changes.remove(&person(4));
    let left = [changes.pop(), changes.pop()].map(|each| each.unwrap().change().presentity.clone());
    assert_eq!(left, [person(2), person(3)]);
    assert!(changes.pop().is_none());
}
