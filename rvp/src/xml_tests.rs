use super::{
    Element, Namespace, WHITE_SPACE, Writer, is_all_legal, is_cdata, is_legal, is_name, parse, split_plain,
    trim,
};
use crate::{ParseError, limits};

const ROOT: &str = "xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' xmlns:a='http://schemas.microsoft.com/rvp/acl/'";

fn read(document: &str) -> Result<Element<'_>, ParseError> {
    parse(document.as_bytes(), limits::XML_NODES_MAX)
}

fn reason(document: &str) -> &'static str {
    match read(document) {
        Err(ParseError::BadXml(reason)) => reason,
        other => panic!("{document}: {other:?}"),
    }
}

#[test]
fn names_count_by_namespace_whatever_the_prefix() {
    for (declaration, prefix) in [
        ("xmlns:d='DAV:'", "d:"),
        ("xmlns:Z=\"http://schemas.microsoft.com/rvp/\"", "Z:"),
        ("xmlns='http://schemas.microsoft.com/rvp/acl/'", ""),
        ("xmlns:a='http://schemas.Microsoft.com/rvp/acl'", "a:"),
        ("xmlns:D='dav:'", "D:"),
    ] {
        let document = format!("<{prefix}state {declaration}/>");
        assert!(read(&document).unwrap().is("state"), "{document}");
    }
    for declaration in [
        "xmlns:x='urn:other'",
        "xmlns:x='http://schemas.microsoft.com/rvp/acl/more'",
    ] {
        let document = format!("<x:state {declaration}/>");
        let root = read(&document).unwrap();
        assert_eq!((root.namespace, root.is("state")), (Namespace::Foreign, false));
    }
    assert_eq!(read("<state/>").unwrap().namespace, Namespace::Foreign);
}

#[test]
fn an_inner_declaration_holds_only_inside() {
    let root = read("<x:a xmlns:x='DAV:'><x:b xmlns:x='urn:other'><x:c/></x:b><x:c/></x:a>").unwrap();
    let inner = &root.children[0];
    assert_eq!(
        (inner.is("b"), inner.children[0].is("c"), root.children[1].is("c")),
        (false, false, true)
    );
}

#[test]
fn white_space_is_trimmed_around_text_but_not_in_a_section() {
    for (content, text) in [
        ("", ""),
        (" \r\n\t ", ""),
        ("\n  Bob  Baker \n", "Bob  Baker"),
        ("<![CDATA[ a ]]>", " a "),
        ("\n <![CDATA[ a]]> \n <![CDATA[b ]]>\n", " a \n b "),
        (" &lt;a&gt; &amp;amp; &quot;&apos; ", "<a> &amp; \"'"),
        ("&#65;&#x20;", "A "),
        ("one<!-- two -->three<?four?>", "onethree"),
        ("\u{fc}&#252;", "\u{fc}\u{fc}"),
    ] {
        let document =
            format!("\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<d:p {ROOT}>{content}</d:p>\n");
        assert_eq!(read(&document).unwrap().text, text, "{content}");
    }
}

#[test]
fn sections_are_joined() {
    let document = format!("<d:p {ROOT}><![CDATA[a]]]]><![CDATA[>b]]></d:p>");
    assert_eq!(read(&document).unwrap().text, "a]]>b");
}

#[test]
fn what_is_not_a_whole_document_is_refused() {
    for document in [
        "",
        "  ",
        "text",
        "<a",
        "<a>",
        "<a><b></a></b>",
        "<a></b>",
        "</a>",
        "<a/>text",
        "text<a/>",
        "<![CDATA[x]]><a/>",
        "&lt;<a/>",
        "<a/><b/>",
        "<!-- only -->",
        "<a/><?xml version='1.0'?>",
        "<!-- first --><?xml version='1.0'?><a/>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        "<a><!-- </a>",
        "<a>&amp</a>",
        "<a b=c/>",
        "<a b='1' b='2'/>",
        "<a b='1/>",
        "<1/>",
        "<a\"b/>",
        "<x:/>",
        "<:x/>",
        "< a/>",
    ] {
        assert!(matches!(read(document), Err(ParseError::BadXml(_))), "{document}");
    }
    let document = format!("<d:a {ROOT}><d:b>text</d:b></d:a>");
    assert!(read(&document).is_ok());
    for end in 0..document.len() {
        assert!(read(&document[..end]).is_err(), "{}", &document[..end]);
    }
}

#[test]
fn undeclared_prefixes_are_refused() {
    assert_eq!(reason("<d:a/>"), "it uses an undeclared prefix");
    assert_eq!(
        reason("<d:a xmlns:d='DAV:'><r:b/></d:a>"),
        "it uses an undeclared prefix"
    );
}

#[test]
fn document_types_and_own_entities_are_refused() {
    assert_eq!(reason("<!DOCTYPE a><a/>"), "it has a document type");
    assert_eq!(
        reason("<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>"),
        "it has a document type"
    );
    assert_eq!(
        reason("<!DOCTYPE a SYSTEM 'http://192.0.2.1/a.dtd'><a/>"),
        "it has a document type"
    );
    assert_eq!(reason("<a>&b;</a>"), "it uses an entity of its own");
    assert_eq!(reason("<a>&nbsp;</a>"), "it uses an entity of its own");
}

#[test]
fn illegal_characters_are_refused_however_written() {
    for content in [
        "\u{0}",
        "\u{1b}",
        "\u{fffe}",
        "&#0;",
        "&#1;",
        "&#xFFFF;",
        "&#xD800;",
        "&#x110000;",
        "&#;",
        "&#x;",
    ] {
        let document = format!("<a>{content}</a>");
        assert_eq!(
            reason(&document),
            "it has a character that XML forbids",
            "{content:?}"
        );
    }
    assert_eq!(
        parse(b"<a>\xff</a>", 10).unwrap_err(),
        ParseError::BadXml("it is not UTF-8")
    );
    assert!(parse(b"\xff\xfe<\0a\0/\0>\0", 10).is_err());
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(read(&nested(limits::XML_DEPTH_MAX)).is_ok());
    assert_eq!(
        reason(&nested(limits::XML_DEPTH_MAX + 1)),
        "it is nested too deeply"
    );
    assert_eq!(reason(&nested(100_000)), "it is nested too deeply");
}

#[test]
fn elements_and_attributes_are_bounded_together() {
    let wide = |children: usize| format!("<a>{}</a>", "<b c=''/>".repeat(children));
    assert!(parse(wide(4).as_bytes(), 9).is_ok());
    assert_eq!(
        parse(wide(4).as_bytes(), 8).unwrap_err(),
        ParseError::BadXml("it is too large")
    );
    let attributes: String = (0..33).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(
        reason(&format!("<a{attributes}/>")),
        "an element has too many attributes"
    );
    let declarations: String = (0..33).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
    assert!(read(&format!("<a{declarations}/>")).is_err());
}

#[test]
fn an_element_given_twice_is_refused_in_whatever_namespace() {
    let document = format!("<d:a {ROOT} xmlns:x='urn:other'><r:b/><x:b/></d:a>");
    let root = read(&document).unwrap();
    let error = ParseError::BadElement {
        element: "b",
        reason: "is given more than once",
    };
    assert_eq!(root.child("b").unwrap_err(), error);
    assert_eq!(root.all("b").count(), 1);
    assert!(root.child("c").unwrap().is_none());
    assert!(root.expect("c").is_err());
}

#[test]
fn writing_is_compact_and_escapes_only_what_it_must() {
    let document = Writer::document("r:a", |writer| {
        writer.text("r:b", "");
        writer.text("r:b", "\n 'a' < \"b\" & ]]> > c\u{1} ");
        writer.within("r:c", |_| {});
        writer.within("r:d", |writer| writer.empty("r:e"));
        writer.cdata("r:f", " ]]>\u{1}]] ");
    });
    let expected = "<?xml version=\"1.0\"?><r:a xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' \
                    xmlns:a='http://schemas.microsoft.com/rvp/acl/'><r:b></r:b>\
                    <r:b>'a' &lt; \"b\" &amp; ]]&gt; > c?</r:b><r:c/><r:d><r:e/></r:d>\
                    <r:f><![CDATA[ ]]]]><![CDATA[>?]] ]]></r:f></r:a>";
    assert_eq!(std::str::from_utf8(&document).unwrap(), expected);
    let root = read(expected).unwrap();
    assert_eq!(root.children[1].text, "'a' < \"b\" & ]]> > c?");
    assert_eq!(root.expect("f").unwrap().text, " ]]>?]] ");
}

#[test]
fn names_follow_the_rules_of_xml() {
    for name in ["state", "_a", "view-id", "a.b1", "\u{fc}ber", "\u{4e2d}"] {
        assert!(is_name(name), "{name}");
    }
    for name in [
        "", "1a", "-a", ".a", "a b", "a:b", "a\"b", "a<", "\u{d7}", "\u{b7}a",
    ] {
        assert!(!is_name(name), "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn texts_are_looked_at_as_character_by_character(text in "[ \t\r\n\u{0}\u{b}\u{1f}<>&\\]a\u{7f}\u{e4}\u{a0}\u{f000}\u{fffd}\u{fffe}\u{ffff}\u{10000}]{0,8}") {
        proptest::prop_assert_eq!(trim(&text), text.trim_matches(WHITE_SPACE));
        let legal = text.chars().all(is_legal);
        proptest::prop_assert_eq!(is_all_legal(&text), legal);
        proptest::prop_assert_eq!(is_cdata(&text), legal && !text.contains("]]>"));
        let (plain, rest) = split_plain(&text);
        let is_plain = |c: char| is_legal(c) && !matches!(c, '<' | '>' | '&');
        proptest::prop_assert!(plain.chars().all(is_plain));
        // Some that are legal begin like what is not.
        let goes_on = rest.chars().next().is_some_and(|c| is_plain(c) && c < '\u{f000}');
        proptest::prop_assert!(!goes_on, "{rest:?}");
    }
}
