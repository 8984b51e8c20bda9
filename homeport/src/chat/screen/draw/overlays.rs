//! What lies over the conversations.

use super::Look;
use crate::chat::screen::keys::KEYS;
use crate::chat::screen::model::Model;
use crate::chat::screen::overlay::{Find, Overlay};
use crate::chat::screen::text::{cut, width};
use attachment::State;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, look: Look) {
    match &model.overlay {
        Overlay::None => {}
        Overlay::Help => {
            let key = |(key, what): &(&str, &str)| Line::raw(format!(" {key:<24}{what}"));
            let mut lines: Vec<Line<'_>> = KEYS.iter().map(key).collect();
            lines.push(Line::styled(" Any key closes this.", look.quiet()));
            window(frame, area, " Keys ", lines, 76);
        }
        Overlay::State { chosen } => {
            let line = |(index, state): (usize, &State)| {
                let style = if index == *chosen {
                    look.chosen()
                } else {
                    Style::new()
                };
                Line::styled(format!(" {:<28}", explained(*state)), style)
            };
            let lines = State::SETTABLE.iter().enumerate().map(line).collect();
            window(frame, area, " Your state: Enter sets it ", lines, 34);
        }
        Overlay::Find(find) => found(frame, area, model, find, look),
    }
}

fn explained(state: State) -> String {
    match state {
        State::Invisible => "invisible (seen as offline)".to_owned(),
        State::Online
        | State::Offline
        | State::Away
        | State::Busy
        | State::BackSoon
        | State::OnPhone
        | State::AtLunch
        | State::Idle
        | State::Unknown => state.name().to_owned(),
    }
}

fn found(frame: &mut Frame<'_>, area: Rect, model: &Model, find: &Find, look: Look) {
    let columns = usize::from(area.width.min(56)).saturating_sub(4);
    let found = find.found(&model.people);
    let (written, column, _) = find.entry.shown(columns, 1);
    let mut lines = vec![Line::raw(format!(" {}", written.concat())), Line::raw("")];
    if found.is_empty() {
        let text = " Enter adds this address, NAME@DOMAIN, to your contacts";
        lines.push(Line::styled(cut(text, columns + 1), look.quiet()));
    }
    let rows = usize::from(area.height).saturating_sub(5).min(10);
    let first = (find.chosen + 1).saturating_sub(rows);
    for (position, index) in found.iter().enumerate().skip(first).take(rows) {
        let person = &model.people.all()[*index];
        let text = if person.name() == person.who {
            person.who.clone()
        } else {
            format!("{}  {}", person.name(), person.who)
        };
        let text = cut(&text, columns);
        let gap = columns.saturating_sub(width(&text));
        let style = if position == find.chosen {
            look.chosen()
        } else {
            Style::new()
        };
        lines.push(Line::styled(format!(" {text}{}", " ".repeat(gap)), style));
    }
    let inner = window(frame, area, " Find somebody, or add an address ", lines, 56);
    let x = inner
        .x
        .saturating_add(u16::try_from(column + 1).unwrap_or(u16::MAX));
    if x < inner.right() {
        frame.set_cursor_position((x, inner.y));
    }
}

/// A window in the middle, as large as its lines or as there is room.
fn window(frame: &mut Frame<'_>, area: Rect, title: &str, lines: Vec<Line<'_>>, columns: u16) -> Rect {
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let (columns, rows) = (columns.min(area.width), rows.min(area.height));
    let place = Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + (area.height - rows) / 2,
        width: columns,
        height: rows,
    };
    let block = Block::new().borders(Borders::ALL).title(title);
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    frame.render_widget(Paragraph::new(lines), inner);
    inner
}
