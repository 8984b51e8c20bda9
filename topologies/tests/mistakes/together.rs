//! Mistakes that only several sections together show.

use super::{EDUCATION, ISP, LAB, assert_sound, line_of, mistake, one_problem, problems, replace};

#[test]
fn two_of_one_name_are_found_at_the_second() {
    let remedy = "give every router and home server a name of its own";
    mistake(
        LAB,
        "\"home-2\"",
        "\"home-1\"",
        &format!("home.name is \"home-1\" a second time; {remedy}"),
    );
    mistake(
        LAB,
        "\"home-1\"",
        "\"router-1\"",
        &format!("home.name is \"router-1\" a second time; {remedy}"),
    );
    let section = "[[zone]]\nname = \"inside\"\ntrust = \"inside\"\n\n[[domain]]";
    let problem = "zone.name is \"inside\" a second time; give every zone a name of its own";
    one_problem(
        line_of(LAB, "[[domain]]") + 1,
        &replace(LAB, "[[domain]]", section),
        problem,
    );
}

#[test]
fn domains_that_nobody_could_tell_apart_are_found_at_the_second() {
    let with = |second: &str| {
        replace(
            EDUCATION,
            "[[router]]",
            &format!("[[domain]]\n{second}\n\n[[router]]"),
        )
    };
    let line = line_of(EDUCATION, "[[router]]");
    assert_sound(&with("name = \"staff.example\""));
    one_problem(
        line + 1,
        &with("name = \"campus.example\"\nim_host = \"im.b.example\"\nnt_domain = \"B\""),
        "domain.name is \"campus.example\" a second time; leave the second section out, or correct its name",
    );
    one_problem(
        line + 2,
        &with("name = \"campus.test\"\nim_host = \"im.campus.example\"\nnt_domain = \"B\""),
        "domain.im_host is \"im.campus.example\" a second time; \
         give every domain a host of its own, or two people could share an address",
    );
    one_problem(
        line,
        &with("name = \"campus.test\""),
        "domain.nt_domain is \"CAMPUS\" a second time; \
         give every domain an `nt_domain` of its own, or log-ons could not tell them apart",
    );
}

#[test]
fn a_zone_that_is_not_there_is_found() {
    let is =
        "is \"insdie\", which is no zone here; write \"inside\", or add a section `[[zone]]` of this name";
    mistake(
        LAB,
        "zone = \"inside\"",
        "zone = \"insdie\"",
        &format!("router.zone {is}"),
    );
}

#[test]
fn a_zone_that_cannot_be_read_is_not_also_reported_as_absent() {
    mistake(
        LAB,
        "trust = \"inside\"",
        "trust = \"\"",
        "zone.trust is \"\"; write \"none\" or \"inside\"",
    );
}

#[test]
fn call_backs_and_home_servers_stay_off_the_internet() {
    let off = EDUCATION.replace("call_backs = \"peer\"", "call_backs = \"off\"");
    let off = off.replace("call_backs = \"off\"", "call_backs = \"off\"\ntls = \"router\"");
    let internet = replace(&off, "trust = \"inside\"", "trust = \"none\"");
    assert_sound(&internet);
    let problem = "router.call_backs are allowed in zone \"access\", where anybody can be; \
                   write \"off\", or anybody could make this router connect to hosts inside";
    for policy in ["\"peer\"", "[\"10.0.0.0/8\"]"] {
        mistake(
            &internet,
            "call_backs = \"off\"",
            &format!("call_backs = {policy}"),
            problem,
        );
    }
    let problem = "home.zone is \"access\", where anybody can be; \
                   write a zone with `trust = \"inside\"`: clients reach routers, never home servers";
    mistake(&internet, "zone = \"core\"", "zone = \"access\"", problem);
}

#[test]
fn a_proxy_that_ends_tls_is_known() {
    let problem = "router.proxies are missing where tls is \"proxy\"; write the addresses of those who end TLS, such as \
                   [\"10.0.1.5\"]: nobody else may connect";
    let absent = replace(ISP, "tls = \"router\"", "tls = \"proxy\"");
    one_problem(line_of(ISP, "[[router]]"), &absent, problem);
    let problem = "router.proxies are named, and end no TLS; write `tls = \"proxy\"`, or leave them out";
    mistake(LAB, "call_backs = \"peer\"", "proxies = [\"10.0.1.5\"]", problem);
}

#[test]
fn what_anybody_can_reach_speaks_tls() {
    let problem = "router.tls is \"off\" in zone \"internet\", where anybody can be; \
                   write \"router\", so that its clients must speak TLS, or \"proxy\" where one that it knows for \
                   sure ends TLS before it";
    mistake(ISP, "tls = \"router\"", "tls = \"off\"", problem);
    // Where the key is absent its section is named.
    let absent = replace(ISP, "tls = \"router\"", "");
    one_problem(line_of(ISP, "[[router]]"), &absent, problem);
    let proxy = "tls = \"proxy\"\nproxies = [\"10.0.1.5\", \"10.0.2.0/28\"]";
    assert_sound(&ISP.replace("tls = \"router\"", proxy));
    // Inside it may be plain.
    assert_sound(&replace(
        LAB,
        "call_backs = \"peer\"",
        "call_backs = \"peer\"\ntls = \"off\"",
    ));
}

#[test]
fn a_combined_node_is_one_router_and_one_home_server() {
    let home = "zone = \"core\"\nnode = \"node-2\"";
    let line = line_of(EDUCATION, "zone = \"access\"\nnode = \"node-2\"") + 1;
    let problem = "router.node is \"node-2\", which no [[home]] has; \
                   add a [[home]] with `node = \"node-2\"`, or leave the key out";
    one_problem(line, &replace(EDUCATION, home, "zone = \"core\""), problem);
    let router = "zone = \"access\"\nnode = \"node-2\"";
    let line = line_of(EDUCATION, home);
    let problem = "home.node is \"node-2\", which no [[router]] has; \
                   add a [[router]] with `node = \"node-2\"`, or leave the key out";
    one_problem(line, &replace(EDUCATION, router, "zone = \"access\""), problem);
    let found = problems(&EDUCATION.replace("\"node-2\"", "\"node-1\""));
    let keys: Vec<&str> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["router.node", "home.node"], "{found}");
}

#[test]
fn education_refuses_more_than_7500_online_and_names_enterprise() {
    let problem = |users, online| {
        format!(
            "population.users are {users} people, {online} online at the peak, \
             more than the 7500 that combined nodes carry; \
             use the topology `enterprise`, with routers and home servers of their own"
        )
    };
    assert_sound(EDUCATION);
    mistake(
        EDUCATION,
        "users = 15_000",
        "users = 15_002",
        &problem(15_002, 7_501),
    );
    mistake(
        EDUCATION,
        "users = 15_000",
        "users = 1_000_000",
        &problem(1_000_000, 500_000),
    );
}

#[test]
fn a_lab_stays_small() {
    let problem = "population.users are 1001 people, 1001 online at the peak, more than the 1000 of a lab; \
                   lower `users` or `peak_online`, or leave `profile` out for a cluster with redundancy";
    mistake(LAB, "users = 1_000", "users = 1_001", problem);
    let tiny = LAB.replace("capacity = 10_000", "capacity = 499");
    let problem = "population.users are 1000 people, 1000 online at the peak, \
                   more than the 998 that the home servers hold together; raise `capacity`, or add a [[home]]";
    one_problem(line_of(&tiny, "users"), &tiny, problem);
    assert_sound(&LAB.replace("capacity = 10_000", "capacity = 500"));
}

#[test]
fn production_needs_enough_of_everything_with_one_lost() {
    let one = replace(
        &LAB.replace("localhost", "im.example.com"),
        "profile = \"lab\"\n",
        "",
    );
    let problem = "router has 1 of the 2 sections that 1000 people online need with one lost; \
                   add [[router]] sections, or write `profile = \"lab\"` to do without redundancy";
    one_problem(line_of(&one, "[[router]]"), &one, problem);
    let two = replace(
        &one,
        "[[home]]",
        "[[router]]\nname = \"router-2\"\nzone = \"inside\"\n\n[[home]]",
    );
    assert_sound(&two);
    let many = replace(&two, "users = 1_000", "users = 7_501");
    assert_sound(&many);
    let more = replace(&two, "users = 1_000", "users = 9_501");
    let problem = "home has 2 of the 3 sections that 9501 people online need with one lost; \
                   add [[home]] sections, or write `profile = \"lab\"` to do without redundancy";
    one_problem(line_of(&more, "[[home]]"), &more, problem);
    let weak = replace(&two, "capacity = 10_000", "capacity = 900");
    let problem = "population.users are 1000 people, 1000 online at the peak, \
                   more than the 900 that the home servers hold with the largest lost; \
                   raise `capacity`, or add a [[home]]";
    one_problem(line_of(&weak, "users"), &weak, problem);
}
