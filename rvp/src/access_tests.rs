use super::*;
use crate::{ParseError, limits};

const ROOT: &str = "a:rvpacl xmlns:a='http://schemas.microsoft.com/rvp/acl/'";

fn parse(acl: &str) -> Result<AccessList, ParseError> {
    AccessList::parse(format!("<{ROOT}><a:acl>{acl}</a:acl></a:rvpacl>").as_bytes())
}

/// An entry about everybody with these credentials and the rest of what an entry holds.
fn entry(credentials: &str, rest: &str) -> Result<Entry, ParseError> {
    let principal = format!("<a:principal><a:allprincipals/>{credentials}</a:principal>");
    parse(&format!("<a:ace>{principal}{rest}</a:ace>")).map(|mut list| list.entries.remove(0))
}

const ANY: &str = "<a:credentials><a:any/></a:credentials>";

#[test]
fn the_whole_list_is_written_as_clients_compare_it() {
    let list = AccessList {
        entries: vec![
            Entry {
                who: Who::One(Identity::parse("http://im.example.net/instmsg/aliases/mallory").unwrap()),
                credentials: Credentials::Listed(
                    [Credential::Ntlm, Credential::Digest, Credential::Assertion].into(),
                ),
                grant: [].into(),
                deny: [Right::Presence, Right::SendTo].into(),
            },
            Entry {
                who: Who::All,
                credentials: Credentials::Any,
                grant: Right::ALL.into(),
                deny: [].into(),
            },
        ],
    };
    let expected = "<?xml version=\"1.0\"?><a:rvpacl xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' \
        xmlns:a='http://schemas.microsoft.com/rvp/acl/'><a:acl><a:inheritance>none</a:inheritance><a:ace>\
        <a:principal><a:rvp-principal>http://im.example.net/instmsg/aliases/mallory</a:rvp-principal>\
        <a:credentials><a:assertion/><a:digest/><a:ntlm/></a:credentials></a:principal><a:grant/><a:deny>\
        <a:send-to/><a:presence/></a:deny></a:ace><a:ace><a:principal><a:allprincipals/><a:credentials>\
        <a:any/></a:credentials></a:principal><a:grant><a:list/><a:read/><a:write/><a:send-to/>\
        <a:receive-from/><a:readacl/><a:writeacl/><a:presence/><a:subscriptions/><a:subscribe-others/>\
        </a:grant><a:deny/></a:ace></a:acl></a:rvpacl>";
    assert_eq!(std::str::from_utf8(&list.write()).unwrap(), expected);
    assert_eq!(AccessList::parse(expected.as_bytes()).unwrap(), list);
}

#[test]
fn everybody_may_be_an_element_or_a_text() {
    for principal in [
        "<a:allprincipals/>",
        "<a:rvp-principal>allprincipals</a:rvp-principal>",
        "<a:rvp-principal>\n AllPrincipals </a:rvp-principal>",
    ] {
        let list = parse(&format!(
            "<a:ace><a:principal>{principal}{ANY}</a:principal></a:ace>"
        ))
        .unwrap();
        assert_eq!(list.entries[0].who, Who::All);
    }
    let one = "<a:rvp-principal> http://IM.example.org/instmsg/aliases/Bob/ </a:rvp-principal>";
    let list = parse(&format!("<a:ace><a:principal>{one}{ANY}</a:principal></a:ace>")).unwrap();
    assert_eq!(
        list.entries[0].who,
        Who::One(Identity::parse("http://im.example.org/instmsg/aliases/bob").unwrap())
    );
}

#[test]
fn all_means_every_right_and_unsupported_ones_are_passed_over() {
    let all = entry(
        ANY,
        "<a:grant><a:all/></a:grant><a:deny><a:send-to/><a:delete/></a:deny>",
    )
    .unwrap();
    assert_eq!((all.grant, all.deny), (Right::ALL.into(), [Right::SendTo].into()));
    let none = entry(ANY, "").unwrap();
    assert!(none.grant.is_empty() && none.deny.is_empty());
    let foreign = entry(ANY, "<a:grant><x:read xmlns:x='urn:x'/></a:grant>").unwrap();
    assert!(foreign.grant.is_empty());
}

#[test]
fn inheritance_is_read_over() {
    for inheritance in [
        "",
        "<a:inheritance>none</a:inheritance>",
        "<a:inheritance>all</a:inheritance>",
    ] {
        assert_eq!(parse(inheritance), Ok(AccessList::default()));
    }
}

#[test]
fn credentials_must_be_specified() {
    let listed = entry("<a:credentials><a:ntlm/><a:windows/></a:credentials>", "").unwrap();
    assert_eq!(listed.credentials, Credentials::Listed([Credential::Ntlm].into()));
    for credentials in [
        "",
        "<a:credentials/>",
        "<a:credentials><a:windows/></a:credentials>",
    ] {
        let error = ParseError::BadElement {
            element: "credentials",
            reason: "not specified",
        };
        assert_eq!(entry(credentials, ""), Err(error), "{credentials}");
    }
}

#[test]
fn lists_that_are_about_nobody_or_too_long_are_refused() {
    for principal in [
        "",
        "<a:rvp-principal/>",
        "<a:rvp-principal>bob@im.example.org</a:rvp-principal>",
        "<a:rvp-principal>im.example.org</a:rvp-principal><a:allprincipals/>",
    ] {
        let list = parse(&format!(
            "<a:ace><a:principal>{principal}{ANY}</a:principal></a:ace>"
        ));
        assert!(list.is_err(), "{principal}");
    }
    assert!(parse("<a:ace/>").is_err());
    for document in [
        "",
        "<a/>",
        "<a:acl xmlns:a='http://schemas.microsoft.com/rvp/acl/'/>",
        &format!("<{ROOT}/>"),
    ] {
        assert!(AccessList::parse(document.as_bytes()).is_err(), "{document}");
    }
    let one = Entry {
        who: Who::All,
        credentials: Credentials::Any,
        grant: Right::ALL.into(),
        deny: Right::ALL.into(),
    };
    let full = AccessList {
        entries: vec![one.clone(); limits::ACCESS_ENTRIES_MAX],
    };
    assert_eq!(AccessList::parse(&full.write()), Ok(full));
    let more = AccessList {
        entries: vec![one; limits::ACCESS_ENTRIES_MAX + 1],
    };
    let error = ParseError::BadElement {
        element: "acl",
        reason: "has too many entries",
    };
    assert_eq!(AccessList::parse(&more.write()), Err(error));
}
