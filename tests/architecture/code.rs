//! Source text without what is not code, so that rules about code do not trip over prose.

/// The text with every comment, string and character literal replaced by blanks; line ends stay.
pub(crate) fn only(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let length = match not_code(rest, before) {
            Some(length) => {
                let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
                code.extend(rest[..length].chars().map(blank));
                length
            }
            None => {
                code.push(c);
                c.len_utf8()
            }
        };
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    code
}

/// How many octets at the beginning are no code, if it begins with such.
fn not_code(rest: &str, before: char) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if !is_word(before)
        && let Some(length) = raw_string(rest)
    {
        return Some(length);
    }
    match rest.chars().next()? {
        '"' => Some(quoted(rest, '"')),
        '\'' => character(rest),
        _ => None,
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// `r"…"`, `br#"…"#` and the like.
fn raw_string(rest: &str) -> Option<usize> {
    let open = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = open.len() - open.trim_start_matches('#').len();
    let inside = open[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let begins = rest.len() - inside.len();
    Some(
        inside
            .find(&close)
            .map_or(rest.len(), |at| begins + at + close.len()),
    )
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal; none for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.chars().skip(1);
    let first = chars.next()?;
    (first == '\\' || chars.next() == Some('\'')).then(|| quoted(rest, '\''))
}

/// Whether a character can be part of a name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The numbers of the lines in which the code has this word, or this path of words, as a whole.
pub(crate) fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let has = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let (before, after) = (
                line[..at].chars().next_back(),
                line[at + word.len()..].chars().next(),
            );
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    };
    (1..)
        .zip(code.lines())
        .filter(|(_, line)| has(line))
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn only_code_is_left() {
    let text =
        "a(\"b // c\"); // d\n/* e /* f */ g */ h('i', '\\'', \"\\\"j\"); k<'l>(r#\"m\"n\"#); br\"o\"; p\n";
    let code = only(text);
    let words: Vec<&str> = code
        .split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(words, ["a", "h", "k", "l", "p"]);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn words_are_found_whole() {
    let code = "use tonic_prost;\nuse tonic::Code;\nwith_tonic()\n(tonic)\n";
    assert_eq!(lines_with(code, "tonic"), [2, 4]);
    assert_eq!(
        lines_with("a\ntokio::spawn(x)\ntokio::spawner\n", "tokio::spawn"),
        [2]
    );
}
