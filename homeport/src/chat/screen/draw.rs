//! The screen as it looks.
//!
//! ```text
//! header: who, state, connection
//! people            │ conversation
//!                   │ what is being written
//! keys, or a note
//! ```

mod overlays;
mod talk;

use super::model::{Link, Model};
use super::people::Person;
use super::text::{cut, width};
use attachment::State;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

/// Columns of the list of people.
const LIST: u16 = 30;
/// Below this, only the conversation is shown.
const BOTH: u16 = 60;
/// Columns of the longest state, `back-soon`, and a space.
const STATE: usize = 10;

/// How things are marked: by colour only where that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    colours: bool,
}

impl Look {
    pub(super) fn new(colours: bool) -> Self {
        Self { colours }
    }

    fn colour(self, colour: Color) -> Style {
        if self.colours {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    fn state(self, state: Option<State>) -> Style {
        match state {
            Some(State::Online) => self.colour(Color::Green),
            Some(State::Away | State::BackSoon | State::AtLunch | State::Idle) => self.colour(Color::Yellow),
            Some(State::Busy | State::OnPhone) => self.colour(Color::Red),
            Some(State::Unknown) => self.colour(Color::Magenta),
            Some(State::Offline | State::Invisible) | None => self.quiet(),
        }
    }
}

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, look: Look) {
    let rows = [Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)];
    let [top, middle, bottom] = Layout::vertical(rows).areas(frame.area());
    header(frame, top, model, look);
    if middle.width >= BOTH {
        let columns = [Constraint::Length(LIST), Constraint::Min(0)];
        let [left, right] = Layout::horizontal(columns).areas(middle);
        people(frame, left, model, look);
        talk::draw(frame, right, model, look);
    } else {
        talk::draw(frame, middle, model, look);
    }
    footer(frame, bottom, model, look);
    overlays::draw(frame, middle, model, look);
}

fn header(frame: &mut Frame<'_>, area: Rect, model: &Model, look: Look) {
    let mut spans = vec![
        Span::styled(format!(" {}", model.me), look.strong()),
        Span::raw("  "),
        Span::styled(model.state.name(), look.state(Some(model.state))),
    ];
    match &model.link {
        Link::Connecting => spans.push(Span::styled("  connecting ...", look.quiet())),
        Link::Online => {}
        Link::Lost(reason) => {
            spans.push(Span::styled("  not connected", look.bad()));
            spans.push(Span::raw(format!(", trying again: {reason}")));
        }
        Link::Closed(reason) => spans.push(Span::styled(format!("  closed: {reason}"), look.bad())),
    }
    let unread: usize = model.people.all().iter().map(|person| person.unread).sum();
    if unread > 0 {
        spans.push(Span::styled(format!("  {unread} unread"), look.strong()));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

fn footer(frame: &mut Frame<'_>, area: Rect, model: &Model, look: Look) {
    let (text, style) = if let Some(note) = &model.note {
        (format!(" {note}"), look.strong())
    } else if model.leaving {
        let text = " leaving as soon as receipts have come; F10 again leaves at once";
        (text.to_owned(), look.strong())
    } else {
        let text = " F1 help  F2 state  F3 find or add  F4 block  Tab unread  Enter send  F10 leave";
        (text.to_owned(), look.quiet())
    };
    frame.render_widget(Paragraph::new(Span::styled(text, style)), area);
}

fn people(frame: &mut Frame<'_>, area: Rect, model: &Model, look: Look) {
    let block = Block::new()
        .borders(Borders::RIGHT | Borders::TOP)
        .title(" People ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let all = model.people.all();
    if all.is_empty() {
        let hint = Paragraph::new(" nobody yet: F3 adds").style(look.quiet());
        return frame.render_widget(hint, inner);
    }
    let (rows, chosen) = (usize::from(inner.height), model.people.chosen_index());
    let first = (chosen + 1).saturating_sub(rows);
    let lines = all.iter().enumerate().skip(first).take(rows);
    let lines =
        lines.map(|(index, person)| row(model, person, index == chosen, usize::from(inner.width), look));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
}

/// A person in one line: unread messages, name, state.
fn row(model: &Model, person: &Person, chosen: bool, columns: usize, look: Look) -> Line<'static> {
    let unread = match person.unread {
        0 => "   ".to_owned(),
        count @ 1..=99 => format!("{count:>2} "),
        _ => "99+".to_owned(),
    };
    let state = if person.is_typing(model.now) {
        "typing"
    } else {
        person.presence()
    };
    let name = cut(&person.name(), columns.saturating_sub(3 + STATE));
    let gap = columns.saturating_sub(3 + STATE + width(&name));
    let base = if chosen { look.chosen() } else { Style::new() };
    let name_style = if person.unread > 0 {
        base.patch(look.strong())
    } else {
        base
    };
    Line::from(vec![
        Span::styled(unread, base.patch(look.strong())),
        Span::styled(name, name_style),
        Span::styled(" ".repeat(gap), base),
        Span::styled(format!(" {state:<9}"), base.patch(look.state(person.state))),
    ])
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
