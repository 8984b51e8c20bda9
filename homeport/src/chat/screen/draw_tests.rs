//! The screen as a terminal would show it.

use super::*;
use crate::chat::screen::overlay::Overlay;
use crate::chat::screen::people::{By, Fate};
use attachment::{Contact, Presence, Why};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

fn contact(who: &str, name: &str) -> Contact {
    Contact {
        who: who.to_owned(),
        name: name.to_owned(),
        group: String::new(),
    }
}

/// alice, who talks with Bob; 你好 has written too.
fn model() -> Model {
    let mut model = Model::new("alice@im.example.com");
    model.link = Link::Online;
    model.people.set_contacts(vec![
        contact("bob@im.example.com", "Bob Baker"),
        contact("hao@im.example.com", "你好你好你好你好你好你好"),
    ]);
    for (who, state) in [
        ("bob@im.example.com", State::Away),
        ("hao@im.example.com", State::Unknown),
    ] {
        model.people.presence(Presence {
            who: who.to_owned(),
            state: Some(state),
            display_name: None,
            email: None,
        });
    }
    let bob = model.people.find("bob@im.example.com").unwrap();
    bob.say(By::Them, "Tea at four? ☕");
    bob.say(By::Me("1".to_owned(), Fate::Delivered), "Grüße, gern");
    bob.say(By::Me("2".to_owned(), Fate::Refused(Why::KeptFull)), "and more");
    bob.draft.insert("你好");
    bob.types(Duration::ZERO);
    model.people.find("hao@im.example.com").unwrap().unread = 3;
    model
}

fn shown(model: &Model, columns: u16, rows: u16, colours: bool) -> (Vec<String>, Terminal<TestBackend>) {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| draw(frame, model, Look::new(colours)))
        .unwrap();
    let buffer = terminal.backend().buffer().clone();
    let line = |y| {
        let mut line = String::new();
        let mut x = 0;
        while x < columns {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap();
        }
        line
    };
    ((0..rows).map(line).collect(), terminal)
}

fn line_with<'l>(lines: &'l [String], text: &str) -> &'l str {
    let line = lines.iter().find(|line| line.contains(text));
    line.unwrap_or_else(|| panic!("{text} is missing in {lines:#?}"))
}

#[test]
fn people_and_the_conversation_are_side_by_side() {
    let (lines, mut terminal) = shown(&model(), 80, 24, false);
    assert!(
        lines[0].starts_with(" alice@im.example.com  online  3 unread"),
        "{lines:#?}"
    );
    let bob = line_with(&lines, " Bob Baker ");
    assert!(bob.contains("Bob Baker  bob@im.example.com  away"), "{bob}");
    assert!(line_with(&lines, "   Bob Baker").contains("typing"));
    assert!(line_with(&lines, "Bob Baker: Tea").contains("Tea at four? ☕"));
    assert!(line_with(&lines, "me: Grüße").contains("me: Grüße, gern  delivered"));
    line_with(&lines, "not delivered: as much is kept already as may");
    line_with(&lines, "Bob Baker is typing ...");
    assert!(line_with(&lines, "> 你好").contains("│"));
    assert!(lines[23].contains("F1 help"));
    // Behind what is written: the list, the mark, and two wide characters.
    let cursor = terminal.get_cursor_position().unwrap();
    assert_eq!((cursor.x, cursor.y), (30 + 2 + 4, 22));
}

#[test]
fn names_in_wide_characters_keep_the_columns() {
    let (lines, _) = shown(&model(), 80, 24, false);
    let hao = line_with(&lines, " 3 你好");
    assert!(hao.starts_with(" 3 你好你好你好你…  unknown  │"), "{hao}");
    for line in &lines {
        assert_eq!(line.width(), 80, "{line:?}");
    }
}

#[test]
fn every_size_can_be_drawn() {
    for overlay in [
        Overlay::None,
        Overlay::Help,
        Overlay::states(State::Online),
        Overlay::Find(Default::default()),
    ] {
        let mut model = model();
        model.overlay = overlay;
        for columns in [1, 2, 3, 10, 30, 31, 59, 60, 80, 200] {
            for rows in [1, 2, 3, 4, 8, 24, 60] {
                shown(&model, columns, rows, true);
            }
        }
    }
    let (lines, _) = shown(&model(), 50, 10, false);
    assert!(
        !lines.iter().any(|line| line.contains("People")),
        "there is no room for it"
    );
    line_with(&lines, "> 你好");
}

#[test]
fn colours_can_be_left_out() {
    let coloured = |colours| {
        let (_, terminal) = shown(&model(), 80, 24, colours);
        let mut cells = terminal.backend().buffer().content().iter();
        cells.any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(coloured(true));
    assert!(!coloured(false));
}

#[test]
fn a_long_conversation_is_scrolled() {
    let mut model = model();
    let bob = model.people.find("bob@im.example.com").unwrap();
    for number in 1..=40 {
        bob.say(By::Them, &format!("line {number} of the poem"));
    }
    let (lines, _) = shown(&model, 80, 24, false);
    line_with(&lines, "line 40 of");
    model.people.chosen_mut().unwrap().scrolled = 10;
    let (lines, _) = shown(&model, 80, 24, false);
    line_with(&lines, "more below, PageDown");
    assert!(!lines.iter().any(|line| line.contains("line 40 of")));
    model.people.chosen_mut().unwrap().scrolled = 1_000_000;
    let (lines, _) = shown(&model, 80, 24, false);
    line_with(&lines, "Tea at four?");
}

#[test]
fn what_lies_on_top_is_shown_whole() {
    let mut model = model();
    model.overlay = Overlay::Help;
    let (lines, _) = shown(&model, 80, 24, false);
    for (key, what) in crate::chat::screen::keys::KEYS {
        assert!(line_with(&lines, what).contains(key));
    }
    model.overlay = Overlay::states(State::Away);
    let (lines, _) = shown(&model, 80, 24, false);
    for state in State::SETTABLE {
        line_with(&lines, state.name());
    }
    model.link = Link::Lost("the connection was lost".to_owned());
    let (lines, _) = shown(&model, 80, 24, false);
    assert!(lines[0].contains("not connected, trying again"), "{}", lines[0]);
}
