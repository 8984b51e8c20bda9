//! Mistakes that one key shows.

use super::{EDUCATION, LAB, assert_sound, line_of, mistake, one_problem, problems, replace};

#[test]
fn an_unknown_key_is_found_with_the_one_that_was_meant() {
    for (key, typo) in [
        ("schemes", "shcemes"),
        ("call_backs", "callbacks"),
        ("call_backs", "call-backs"),
    ] {
        let problem = format!("router.{typo} is no key of this section; did you mean `{key}`?");
        mistake(LAB, &format!("{key} ="), &format!("{typo} ="), &problem);
    }
    let text = replace(LAB, "[limits]", "[limit]");
    one_problem(
        line_of(LAB, "[limits]"),
        &text,
        "limit is no key of this section; did you mean `limits`?",
    );
}

#[test]
fn an_unknown_key_that_resembles_none_is_found_with_all_there_are() {
    let text = replace(LAB, "peak_online = 1.0", "peak_online = 1.0\nbandwidth = 3");
    let problem = "population.bandwidth is no key of this section; \
                   leave it out, or write one of users, peak_online";
    one_problem(line_of(&text, "bandwidth"), &text, problem);
}

const OFFLINE: &str = "offline = { keep = true, count = 500, bytes = \"4 MiB\", age = \"14 days\" }";

#[test]
fn what_is_kept_is_said_in_numbers_and_units() {
    let sizes = "write a size up to \"1 GiB\", such as \"4 MiB\"";
    let ages = "write a time up to \"366 days\", such as \"14 days\" or \"12 hours\"";
    for (inner, problem) in [
        (
            "keep = \"no\"",
            "domain.offline.keep is a text; write true or false".to_owned(),
        ),
        (
            "count = 0",
            "domain.offline.count is 0, out of bounds; write a whole number from 1 to 10000".to_owned(),
        ),
        (
            "bytes = 4",
            format!("domain.offline.bytes is a whole number, not a text; {sizes}"),
        ),
        (
            "bytes = \"4 MB\"",
            format!("domain.offline.bytes is \"4 MB\"; {sizes}"),
        ),
        (
            "bytes = \"2 GiB\"",
            format!("domain.offline.bytes is \"2 GiB\"; {sizes}"),
        ),
        (
            "age = \"0 days\"",
            format!("domain.offline.age is \"0 days\"; {ages}"),
        ),
        ("age = \"14d\"", format!("domain.offline.age is \"14d\"; {ages}")),
        (
            "ages = \"1 day\"",
            "domain.offline.ages is no key of this section; did you mean `age`?".to_owned(),
        ),
    ] {
        let text = replace(LAB, OFFLINE, &format!("offline = {{ {inner} }}"));
        one_problem(line_of(&text, "offline ="), &text, &problem);
    }
    let text = replace(LAB, OFFLINE, "offline = \"off\"");
    let problem = "domain.offline is not a section; write `[domain.offline]` and its keys below it";
    one_problem(line_of(&text, "offline ="), &text, problem);
}

#[test]
fn what_is_archived_is_said_in_words_and_units() {
    let times = "write a time from \"1 hour\" to \"36600 days\", such as \"2557 days\", or nothing to keep it for ever";
    for (inner, problem) in [
        (
            "on = 1",
            "domain.archive.on is a whole number; write true or false".to_owned(),
        ),
        (
            "retention = \"30 minutes\"",
            format!("domain.archive.retention is \"30 minutes\"; {times}"),
        ),
        (
            "retention = \"36601 days\"",
            format!("domain.archive.retention is \"36601 days\"; {times}"),
        ),
        (
            "retentoin = \"1 day\"",
            "domain.archive.retentoin is no key of this section; did you mean `retention`?".to_owned(),
        ),
    ] {
        let text = replace(LAB, OFFLINE, &format!("archive = {{ {inner} }}"));
        one_problem(line_of(&text, "archive ="), &text, &problem);
    }
}

#[test]
fn numbers_that_are_wrong_are_found() {
    let bounds = "write a whole number from 1 to 4294967295";
    for (value, wrong) in [
        ("\"many\"", "is a text, not a whole number"),
        ("1.5", "is a number, not a whole number"),
        ("[]", "is an empty list, not a whole number"),
        ("-5", "is -5, out of bounds"),
        ("0", "is 0, out of bounds"),
        ("99_999_999_999", "is 99999999999, out of bounds"),
    ] {
        let problem = format!("population.users {wrong}; {bounds}");
        mistake(LAB, "users = 1_000", &format!("users = {value}"), &problem);
    }
    for (value, is) in [
        ("1.5", "1.5"),
        ("0", "0"),
        ("nan", "nan"),
        ("-0.5", "-0.5"),
        ("true", "true or false"),
    ] {
        let remedy = "write a number above 0 and up to 1, such as 0.5";
        let problem = format!("population.peak_online is {is}, not a part of a whole; {remedy}");
        mistake(
            LAB,
            "peak_online = 1.0",
            &format!("peak_online = {value}"),
            &problem,
        );
    }
    assert_sound(&replace(LAB, "peak_online = 1.0", "peak_online = 1"));
    assert_sound(&replace(LAB, "users = 1_000", "users = 0x3e8"));
}

#[test]
fn caps_cannot_be_raised() {
    for (key, cap, section) in [
        ("home_cap", 10_000, "limits"),
        ("router_cap", 20_000, "limits"),
        ("capacity", 10_000, "home"),
    ] {
        let line = LAB
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .unwrap();
        for value in [cap + 1, 0] {
            let remedy = format!("write a whole number from 1 to {cap}");
            let problem = format!("{section}.{key} is {value}, out of bounds; {remedy}");
            mistake(LAB, line, &format!("{key} = {value}"), &problem);
        }
    }
}

#[test]
fn a_lower_cap_bounds_the_capacity_of_home_servers() {
    let lower = replace(LAB, "home_cap = 10_000", "home_cap = 50").replace("users = 1_000", "users = 100");
    let found = problems(&lower);
    assert_eq!(found.iter().len(), 2);
    assert!(
        found
            .iter()
            .all(|problem| problem.key == "home.capacity" && problem.remedy.contains("from 1 to 50"))
    );
    assert_sound(&lower.replace("capacity = 10_000", "capacity = 50"));
    assert_sound(&lower.replace("capacity = 10_000\n", ""));
}

#[test]
fn words_and_texts_that_are_wrong_are_found() {
    let text = "is a whole number, not a text; write a text between quotation marks";
    mistake(LAB, "name = \"lab\"", "name = 1", &format!("name {text}"));
    mistake(LAB, "summary = ", "summary = 1 # ", &format!("summary {text}"));
    mistake(
        LAB,
        "summary = ",
        "summary = \" \" # ",
        "summary is empty; write a sentence",
    );
    for (part, instead, problem) in [
        (
            "\"sqlite\"",
            "\"postgresql\"",
            "store is \"postgresql\"; write \"sqlite\" or \"postgres\"",
        ),
        (
            "\"embedded\"",
            "\"consul\"",
            "membership is \"consul\"; write \"embedded\" or \"etcd\"",
        ),
        (
            "profile = \"lab\"",
            "profile = 1",
            "profile is a whole number, not a word; write \"production\" or \"lab\"",
        ),
        (
            "trust = \"inside\"",
            "trust = \"some\"",
            "zone.trust is \"some\"; write \"none\" or \"inside\"",
        ),
    ] {
        mistake(LAB, part, instead, problem);
    }
}

#[test]
fn sections_of_the_wrong_kind_are_found() {
    let problem = "population is not a section; write `[population]` and its keys below it";
    mistake(LAB, "[population]", "[[population]]", problem);
    mistake(
        LAB,
        "[[router]]",
        "[router]",
        "router is not a list of sections; write `[[router]]`, also for one",
    );
    let list = LAB[..LAB.find("[[home]]").unwrap()].to_owned();
    let empty = replace(&list, "name = \"lab\"", "name = \"lab\"\nhome = []");
    one_problem(
        line_of(&empty, "home = []"),
        &empty,
        "home is empty; write at least one section `[[home]]`",
    );
    let numbers = replace(&list, "name = \"lab\"", "name = \"lab\"\nhome = [7]");
    let problem = "home has an entry that is not a section; write `[[home]]`";
    one_problem(line_of(&numbers, "home = [7]"), &numbers, problem);
}

#[test]
fn what_is_missing_is_found_at_its_section() {
    for (file, section, key, example) in [
        (EDUCATION, "[population]", "users", "5_000"),
        (EDUCATION, "[population]", "peak_online", "0.5"),
        (LAB, "[[zone]]", "trust", "\"inside\""),
    ] {
        let line = file
            .lines()
            .find(|line| line.starts_with(&format!("{key} =")))
            .unwrap();
        let name = section.trim_matches(['[', ']']);
        let problem = format!("{name}.{key} is missing; write `{key} = {example}`");
        one_problem(
            line_of(file, section),
            &replace(file, &format!("{line}\n"), ""),
            &problem,
        );
    }
    let nameless = replace(LAB, "name = \"router-1\"\n", "");
    let problem = "router.name is missing; write `name = \"router-1\"`";
    one_problem(line_of(LAB, "[[router]]"), &nameless, problem);
}

#[test]
fn names_that_are_none_are_found() {
    let label = "write 1 to 63 of the characters a-z, 0-9 and `-`, with no `-` at an end, such as `home-1`";
    let problem = format!("router.name is \"Router 1\", which is no name; {label}");
    mistake(LAB, "\"router-1\"", "\"Router 1\"", &problem);
    for (domain, problem) in [
        (
            "campus",
            "is \"campus\", which is a short name; write the full domain, such as `example.com`",
        ),
        (
            "localhost",
            "is \"localhost\", which is a short name; write the full domain, such as `example.com`",
        ),
        (
            "192.0.2.1",
            "is \"192.0.2.1\", which is an address; write a domain such as `example.com`",
        ),
        (
            "a.b:80",
            "is \"a.b:80\", which is more than a host; write only the host, without scheme, port or path",
        ),
    ] {
        mistake(
            EDUCATION,
            "\"campus.example\"",
            &format!("\"{domain}\""),
            &format!("domain.name {problem}"),
        );
        mistake(
            EDUCATION,
            "\"im.campus.example\"",
            &format!("\"{domain}\""),
            &format!("domain.im_host {problem}"),
        );
    }
    let problem = "domain.nt_domain is \"A.B\", which is no NT domain; \
                   write 1 to 15 letters, digits and `-`, such as `CORP`";
    mistake(EDUCATION, "\"CAMPUS\"", "\"A.B\"", problem);
}

#[test]
fn a_policy_for_call_backs_that_is_none_is_found() {
    let policy = "write \"off\", \"peer\" or a list of ranges such as [\"10.0.0.0/8\"]";
    let range = "write an address and the length of its prefix, such as \"10.0.0.0/8\" or \"192.0.2.7/32\"";
    for (value, problem) in [
        ("\"on\"", format!("is \"on\"; {policy}")),
        ("[]", format!("is an empty list; {policy}")),
        ("true", format!("is true or false; {policy}")),
        (
            "[\"10.0.0.0\"]",
            format!("has the entry \"10.0.0.0\", which is no range; {range}"),
        ),
        (
            "[8]",
            "has an entry that is a whole number, not a text; write a text between quotation marks"
                .to_owned(),
        ),
        (
            "[\"10.1.2.3/8\"]",
            "has the entry \"10.1.2.3/8\", an address within a range; \
             write \"10.0.0.0/8\" for the whole range, or \"10.1.2.3/32\" for the one address"
                .to_owned(),
        ),
    ] {
        let problem = format!("router.call_backs {problem}");
        mistake(
            LAB,
            "call_backs = \"peer\"",
            &format!("call_backs = {value}"),
            &problem,
        );
    }
}

#[test]
fn schemes_and_listeners_that_are_none_are_found() {
    let remedy = "write a list such as [\"ntlm\", \"digest\"]";
    for (value, wrong) in [
        ("\"ntlm\"", "is not a list with at least one scheme"),
        ("[]", "is not a list with at least one scheme"),
        ("[\"basic\"]", "has an entry that is \"basic\""),
        ("[\"ntlm\", \"ntlm\"]", "names a scheme twice"),
    ] {
        let problem = format!("router.schemes {wrong}; {remedy}");
        mistake(
            LAB,
            "schemes = [\"ntlm\", \"digest\"]",
            &format!("schemes = {value}"),
            &problem,
        );
    }
    let problem = "router.listen is \"localhost:80\", not an address and port; \
                   write one such as \"0.0.0.0:80\" or \"[::]:80\"";
    mistake(
        LAB,
        "schemes = [\"ntlm\", \"digest\"]",
        "listen = \"localhost:80\"",
        problem,
    );
}

#[test]
fn what_is_no_proxy_is_found() {
    let list = "write a list of addresses or ranges, such as [\"10.0.1.5\"]";
    let range = "write an address and the length of its prefix, such as \"10.0.0.0/8\" or \"192.0.2.7/32\"";
    for (value, wrong, remedy) in [
        ("\"10.0.1.5\"", "is a text", list),
        ("[]", "is an empty list", list),
        (
            "[\"proxy-1\"]",
            "has the entry \"proxy-1\", which is no range",
            range,
        ),
        (
            "[\"0.0.0.0/0\"]",
            "has the entry \"0.0.0.0/0\", which is everybody",
            list,
        ),
    ] {
        let line = format!("tls = \"proxy\"\nproxies = {value}");
        let wrong = format!("router.proxies {wrong}; {remedy}");
        let line_of_it = line_of(LAB, "call_backs = \"peer\"") + 1;
        one_problem(line_of_it, &replace(LAB, "call_backs = \"peer\"", &line), &wrong);
    }
}

#[test]
fn what_is_no_origin_and_where_tls_cannot_end_is_found() {
    let remedy = "write a list of scheme, host and port only, such as [\"https://chat.example.com\"]";
    for (value, wrong) in [
        ("\"https://chat.example.com\"", "is a text"),
        ("[7]", "has an entry that is a whole number, not a text"),
        ("[\"chat.example.com\"]", "has the entry \"chat.example.com\""),
        (
            "[\"https://chat.example.com/\"]",
            "has the entry \"https://chat.example.com/\"",
        ),
        ("[\"https://\"]", "has the entry \"https://\""),
    ] {
        let line = format!("origins = {value}");
        mistake(
            LAB,
            "call_backs = \"peer\"",
            &line,
            &format!("router.origins {wrong}; {remedy}"),
        );
    }
    mistake(
        LAB,
        "call_backs = \"peer\"",
        "tls = \"yes\"",
        "router.tls is \"yes\"; write \"off\" or \"router\" or \"proxy\"",
    );
}
