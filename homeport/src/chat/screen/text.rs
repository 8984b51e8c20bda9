//! Text as a terminal shows it: cleaned of what commands it, and measured in columns.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Text from somebody else, as it may be shown: lines and nothing that commands a terminal.
pub(super) fn clean(text: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    crate::output::printable(&text.replace('\t', "    "))
}

/// The same in one line.
pub(super) fn clean_line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// As much of a text as fits, with a mark where something is left out.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > columns {
            break;
        }
        cut.push_str(grapheme);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut
}

/// The lines of a text, none wider than `columns`, broken between words where that is possible.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    // The widest character takes two.
    let columns = columns.max(2);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_word_bounds() {
            let wide = width(word);
            if used + wide > columns && used > 0 && (wide <= columns || used + 8 > columns) {
                lines.push(std::mem::take(&mut line));
                used = 0;
                if word.trim().is_empty() {
                    continue;
                }
            }
            if wide <= columns - used {
                line.push_str(word);
                used += wide;
                continue;
            }
            for piece in pieces(word, columns) {
                let wide = piece.width();
                if used + wide > columns && used > 0 {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(piece);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines
}

/// What may stand on a line of its own: characters as they are seen, or, where somebody has piled up too many for a
/// line, what they are made of.
fn pieces(word: &str, columns: usize) -> impl Iterator<Item = &str> {
    word.graphemes(true).flat_map(move |grapheme| {
        let (whole, apart) = if grapheme.width() <= columns {
            (Some(grapheme), "")
        } else {
            (None, grapheme)
        };
        let apart = apart.char_indices().map(|(at, c)| &apart[at..at + c.len_utf8()]);
        whole.into_iter().chain(apart)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("Grüße"), 5);
        assert_eq!(width("你好"), 4);
        assert_eq!(width("👋🏽"), 2);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(cut("你好吗", 5), "你好…");
        assert_eq!(cut("你好吗", 4), "你…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn lines_break_between_words_or_where_they_must() {
        assert_eq!(wrap("Tea at four today", 8), ["Tea at ", "four ", "today"]);
        assert_eq!(wrap("你好吗你好吗", 5), ["你好", "吗你", "好吗"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(wrap("🏽🏽", 2), ["🏽", "🏽"]);
    }

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(
            clean("a\r\nb\tc\u{1b}[31m\u{9b}0m\u{202e}"),
            "a\nb    c\u{fffd}[31m\u{fffd}0m\u{fffd}"
        );
        assert_eq!(clean_line("a\nb"), "a b");
    }

    proptest! {
        #[test]
        fn nothing_is_too_wide_and_little_is_lost(text in "[a-z你👋🏽é \u{301}\n]{0,80}", columns in 2..30_usize) {
            let lines = wrap(&text, columns);
            for line in &lines {
                prop_assert!(width(line) <= columns, "{line:?}");
            }
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
            prop_assert!(width(&cut(&text.replace('\n', ""), columns)) <= columns);
        }
    }
}
