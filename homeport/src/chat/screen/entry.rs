//! A text that is being written, with a cursor.

use super::text::{clean, width, wrap};
use unicode_segmentation::UnicodeSegmentation;

/// The text and where the cursor is in it.
#[derive(Clone, Default, Debug)]
pub(super) struct Entry {
    before: String,
    after: String,
}

impl Entry {
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Puts text in, as far as it may be sent.
    pub(super) fn insert(&mut self, text: &str) {
        for c in clean(text).chars() {
            let room = attachment::limits::TEXT_BYTES_MAX;
            if self.before.len() + self.after.len() + c.len_utf8() <= room {
                self.before.push(c);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn take(&mut self) -> String {
        let text = self.text();
        self.clear();
        text
    }

    pub(super) fn backspace(&mut self) {
        let last = self.last().len();
        self.before.truncate(self.before.len() - last);
    }

    pub(super) fn delete(&mut self) {
        let first = self.first().len();
        self.after.drain(..first);
    }

    /// Takes the word before the cursor away.
    pub(super) fn delete_word(&mut self) {
        let kept = self.before.trim_end().rfind(char::is_whitespace);
        let kept = kept.map_or(0, |at| {
            at + self.before[at..].chars().next().map_or(0, char::len_utf8)
        });
        self.before.truncate(kept);
    }

    pub(super) fn left(&mut self) {
        let last = self.last();
        self.backspace();
        self.after.insert_str(0, &last);
    }

    pub(super) fn right(&mut self) {
        let first = self.first();
        self.delete();
        self.before.push_str(&first);
    }

    pub(super) fn home(&mut self) {
        self.after = self.take();
    }

    pub(super) fn end(&mut self) {
        self.before = self.take();
    }

    fn last(&self) -> String {
        self.before
            .graphemes(true)
            .next_back()
            .unwrap_or_default()
            .to_owned()
    }

    fn first(&self) -> String {
        self.after.graphemes(true).next().unwrap_or_default().to_owned()
    }

    /// The lines to show, of which the last `rows` up to the cursor's are, and the cursor's column and row in them.
    pub(super) fn shown(&self, columns: usize, rows: usize) -> (Vec<String>, usize, usize) {
        let columns = columns.max(3);
        // One column stays free, so that the cursor has a place behind the last character.
        let before = wrap(&self.before, columns - 1);
        let row = before.len().saturating_sub(1);
        let column = before.last().map_or(0, |line| width(line));
        let mut lines = before;
        let rest = wrap(&self.after, (columns - 1 - column.min(columns - 3)).max(2));
        let mut rest = rest.into_iter();
        if let (Some(line), Some(first)) = (lines.last_mut(), rest.next()) {
            line.push_str(&first);
        }
        lines.extend(rest);
        let skipped = (row + 1).saturating_sub(rows.max(1));
        let shown = lines.into_iter().skip(skipped).take(rows.max(1)).collect();
        (shown, column, row - skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Entry {
        let mut entry = Entry::default();
        entry.insert(text);
        entry
    }

    #[test]
    fn the_cursor_moves_over_whole_characters() {
        let mut entry = typed("a你👋🏽");
        entry.left();
        entry.left();
        entry.insert("b");
        assert_eq!(entry.text(), "ab你👋🏽");
        entry.delete();
        assert_eq!(entry.text(), "ab👋🏽");
        entry.end();
        entry.backspace();
        assert_eq!(entry.text(), "ab");
        entry.home();
        entry.right();
        entry.backspace();
        entry.backspace();
        assert_eq!(entry.take(), "b");
        assert!(entry.is_empty());
    }

    #[test]
    fn words_go_away_one_by_one() {
        let mut entry = typed("Tea at  four ");
        entry.delete_word();
        assert_eq!(entry.text(), "Tea at  ");
        entry.delete_word();
        assert_eq!(entry.text(), "Tea ");
        entry.delete_word();
        entry.delete_word();
        assert_eq!(entry.text(), "");
    }

    #[test]
    fn what_is_pasted_cannot_command_the_terminal_or_be_too_long() {
        assert_eq!(typed("a\r\nb\u{1b}[2J").text(), "a\nb\u{fffd}[2J");
        let most = attachment::limits::TEXT_BYTES_MAX;
        assert_eq!(typed(&"x".repeat(most + 10)).text().len(), most);
    }

    #[test]
    fn the_cursor_is_where_the_next_character_goes() {
        assert_eq!(typed("你好").shown(10, 3), (vec!["你好".to_owned()], 4, 0));
        let (lines, column, row) = typed("one\ntwo\nthree\nfour").shown(10, 2);
        assert_eq!(
            (lines, column, row),
            (vec!["three".to_owned(), "four".to_owned()], 4, 1)
        );
        let mut entry = typed("ab");
        entry.left();
        assert_eq!(entry.shown(10, 1), (vec!["ab".to_owned()], 1, 0));
        assert_eq!(typed("").shown(1, 0).0.len(), 1);
    }
}
