use super::*;

fn person(name: &str) -> Principal {
    address(&format!("{name}@im.example.com")).unwrap()
}

fn contact(name: &str, shown: &str, group: &str) -> Contact {
    Contact {
        principal: person(name),
        name: shown.to_owned(),
        group: group.to_owned(),
    }
}

fn wanted(name: &str, shown: Option<&str>, group: Option<&str>) -> Wanted {
    Wanted {
        principal: person(name),
        name: shown.map(str::to_owned),
        group: group.map(str::to_owned),
    }
}

#[test]
fn merging_changes_who_is_there_and_appends_who_is_not() {
    let before = vec![contact("bob", "Bob", "Friends"), contact("dana", "Dana", "")];
    let file = || {
        vec![
            wanted("maxb", None, Some("Work")),
            wanted("bob", Some("Robert"), None),
        ]
    };
    let after = merged(before.clone(), file(), false);
    let expected = [
        contact("bob", "Robert", "Friends"),
        contact("dana", "Dana", ""),
        contact("maxb", "", "Work"),
    ];
    assert_eq!(after, (expected.to_vec(), 1));
    let replaced = merged(before, file(), true);
    let expected = [contact("maxb", "", "Work"), contact("bob", "Robert", "Friends")];
    assert_eq!(replaced, (expected.to_vec(), 1));
}

#[test]
fn a_list_has_a_bound_and_so_have_its_texts() {
    let line = |place: u64| Line {
        place,
        address: format!("person{place}@im.example.com"),
        ..Line::default()
    };
    let count = CONTACT_LIST_MAX as u64;
    let mut mistakes = Mistakes::new("line");
    assert_eq!(
        check((1..=count).map(line).collect(), "line", &mut mistakes).len(),
        CONTACT_LIST_MAX
    );
    assert_eq!(mistakes.len(), 0);
    check((1..=count + 5).map(line).collect(), "line", &mut mistakes);
    assert_eq!(mistakes.len(), 1, "said once");
    let fits = "\u{e9}".repeat(CONTACT_TEXT_CHARS_MAX);
    assert_eq!(wrong_with(&fits), None);
    assert!(
        wrong_with(&format!("{fits}x"))
            .unwrap()
            .contains("longer than 256")
    );
    assert!(wrong_with("a\nb").unwrap().contains("line break"));
}
