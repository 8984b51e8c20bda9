//! The conversation with the chosen person, and what is being written.

use super::Look;
use crate::chat::screen::model::Model;
use crate::chat::screen::people::{By, Fate, Person, Said};
use crate::chat::screen::text::{cut, width, wrap};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

/// Lines of what is being written, at most.
const ENTRY_ROWS: usize = 5;
/// Columns that continued lines are set in.
const INDENT: usize = 2;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, model: &Model, look: Look) {
    let Some(person) = model.people.chosen() else {
        let block = Block::new().borders(Borders::TOP);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let hint = Paragraph::new(" Press F3 and type an address to write to somebody.").style(look.quiet());
        return frame.render_widget(hint, inner);
    };
    let columns = usize::from(area.width).saturating_sub(2);
    let most = ENTRY_ROWS.min(usize::from(area.height) / 2).max(1);
    let (lines, column, row) = person.draft.shown(columns, most);
    let entry_rows = u16::try_from(lines.len()).unwrap_or(1);
    let rows = [Constraint::Min(0), Constraint::Length(entry_rows + 1)];
    let [said, entry] = Layout::vertical(rows).areas(area);
    history(frame, said, model, person, look);
    let block = Block::new().borders(Borders::TOP);
    let inner = block.inner(entry);
    frame.render_widget(block, entry);
    let lines: Vec<Line<'_>> = lines
        .into_iter()
        .map(|line| Line::raw(format!("> {line}")))
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
    let offset = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let (x, y) = (
        inner.x.saturating_add(offset(column + 2)),
        inner.y.saturating_add(offset(row)),
    );
    if x < inner.right() && y < inner.bottom() {
        frame.set_cursor_position((x, y));
    }
}

fn history(frame: &mut Frame<'_>, area: Rect, model: &Model, person: &Person, look: Look) {
    let columns = usize::from(area.width);
    let named = person.name() != person.who;
    let mut title = vec![Span::raw(" "), Span::styled(person.name(), look.strong())];
    if named {
        title.push(Span::raw(format!("  {}", person.who)));
    }
    title.push(Span::styled(
        format!("  {} ", person.presence()),
        look.state(person.state),
    ));
    let block = Block::new().borders(Borders::TOP).title(Line::from(title));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for said in &person.talk {
        lines.extend(entry(said, person, columns.saturating_sub(1), look));
    }
    if person.is_typing(model.now) {
        let text = format!(
            " {} is typing ...",
            cut(&person.name(), columns.saturating_sub(16))
        );
        lines.push(Line::styled(text, look.quiet()));
    }
    let rows = usize::from(inner.height);
    let end = lines
        .len()
        .saturating_sub(person.scrolled.min(lines.len().saturating_sub(rows)));
    let first = end.saturating_sub(rows);
    let below = lines.len() - end;
    let mut shown: Vec<_> = lines.into_iter().take(end).skip(first).collect();
    if below > 0
        && let Some(last) = shown.last_mut()
    {
        *last = Line::styled(format!(" ... {} more below, PageDown", below + 1), look.quiet());
    }
    frame.render_widget(Paragraph::new(shown), inner);
}

/// One thing that was said, in lines.
fn entry(said: &Said, person: &Person, columns: usize, look: Look) -> Vec<Line<'static>> {
    let (name, style, fate) = match &said.by {
        By::Me(_, fate) => (
            "me".to_owned(),
            look.colour(ratatui::style::Color::Cyan),
            Some(*fate),
        ),
        By::Them => (cut(&person.name(), 20), look.strong(), None),
        By::Nobody => (cut(&person.name(), 20), look.quiet(), None),
    };
    let (mark, mark_style) = match fate {
        None => (String::new(), Style::new()),
        Some(Fate::OnItsWay) => ("...".to_owned(), look.quiet()),
        Some(Fate::Delivered) => ("delivered".to_owned(), look.quiet()),
        Some(Fate::Stored) => ("kept for later".to_owned(), look.quiet()),
        Some(Fate::Refused(why)) => (format!("not delivered: {why}"), look.bad()),
    };
    let first = format!("{name}: ");
    // The name is a part of the first line, so that a long one leaves room for the text.
    let text = format!("{first}{}", said.text);
    let wrapped = wrap(&text, columns.saturating_sub(INDENT));
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (index, line) in wrapped.into_iter().enumerate() {
        let head = line
            .strip_prefix(&first)
            .filter(|_| index == 0)
            .map(str::to_owned);
        lines.push(match head {
            Some(rest) => Line::from(vec![
                Span::raw(" "),
                Span::styled(first.clone(), style),
                Span::raw(rest),
            ]),
            None => Line::raw(format!(
                "{}{line}",
                " ".repeat(if index == 0 { 1 } else { INDENT })
            )),
        });
    }
    if !mark.is_empty() {
        let used = lines
            .last()
            .map_or(0, |line| line.spans.iter().map(|span| width(&span.content)).sum());
        if used + 2 + width(&mark) <= columns
            && let Some(last) = lines.last_mut()
        {
            last.push_span(Span::styled(format!("  {mark}"), mark_style));
        } else {
            for line in wrap(&mark, columns.saturating_sub(INDENT)) {
                lines.push(Line::styled(format!("{}{line}", " ".repeat(INDENT)), mark_style));
            }
        }
    }
    lines
}
