use super::*;
use rvp::Principal;

fn contact(address: &str, name: &str, group: &str) -> Contact {
    Contact {
        principal: Principal::from_address(address).unwrap(),
        name: name.to_owned(),
        group: group.to_owned(),
    }
}

fn line(place: u64, address: &str, name: Option<&str>, group: Option<&str>) -> Line {
    Line {
        place,
        address: address.to_owned(),
        name: name.map(str::to_owned),
        group: group.map(str::to_owned),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let list = [
        contact("bob@im.example.com", "Bob, the \"builder\"", ""),
        contact("dana@im.example.com", "", "Zwei\u{df} \u{1f980}"),
    ];
    for format in [Format::Csv, Format::Json] {
        let text = format.write(&list).unwrap();
        let mut mistakes = Mistakes::new(format.item());
        let read = format.read(&text, &mut mistakes).unwrap();
        let back: Vec<_> = read
            .iter()
            .map(|line| {
                contact(
                    &line.address,
                    line.name.as_ref().unwrap(),
                    line.group.as_ref().unwrap(),
                )
            })
            .collect();
        assert_eq!((back, mistakes.len()), (list.to_vec(), 0), "{text}");
    }
}

#[test]
fn columns_come_in_any_order_and_may_be_left_out() {
    let mut mistakes = Mistakes::new("line");
    let read = Format::Csv.read(
        "\u{feff}Group, Address\n\"a,\nb\", bob@x\n, dana@x\n",
        &mut mistakes,
    );
    let expected = [
        line(2, "bob@x", None, Some("a,\nb")),
        line(4, "dana@x", None, Some("")),
    ];
    assert_eq!(read.unwrap(), expected);
    let read = Format::Json.read(r#"[{"address": "bob@x"}]"#, &mut mistakes);
    assert_eq!(read.unwrap(), [line(1, "bob@x", None, None)]);
    assert_eq!(mistakes.len(), 0);
}

#[test]
fn what_is_not_of_the_form_is_refused() {
    for (format, text, expected) in [
        (Format::Csv, "", "no column address"),
        (
            Format::Csv,
            "bob@im.example.com,Bob\n",
            "the column \"bob@im.example.com\"",
        ),
        (Format::Csv, "name,group\n", "no column address"),
        (Format::Csv, "address,name,Name\n", "the column name twice"),
        (Format::Json, "{}", "it must be a list"),
        (Format::Json, "address,name", "it must be a list"),
    ] {
        let refused = format.read(text, &mut Mistakes::new("line")).unwrap_err();
        assert!(format!("{refused:#}").contains(expected), "{text:?}: {refused:#}");
    }
}

#[test]
fn the_name_of_a_file_says_what_it_holds() {
    let of = |path: &str, said| Format::of(Path::new(path), said).ok();
    assert_eq!(of("a.csv", None), Some(Format::Csv));
    assert_eq!(of("a.JSON", None), Some(Format::Json));
    assert_eq!(of("-", None), Some(Format::Csv));
    assert_eq!(of("a.csv", Some(Format::Json)), Some(Format::Json));
    assert_eq!(of("contacts", None), None);
}
