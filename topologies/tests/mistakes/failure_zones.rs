//! Mistakes with failure zones.

use super::{EDUCATION, ISP, LAB, assert_sound, line_of, mistake, one_problem, problems, replace};

#[test]
fn who_is_in_no_failure_zone_although_others_are_is_found() {
    let problem = |section| {
        format!(
            "{section}.failure_zone is missing; \
             write `failure_zone = \"a\"` as other sections do, or leave it out of all of them"
        )
    };
    for (section, zone) in [("router", "internet"), ("home", "core")] {
        let part = format!("zone = \"{zone}\"\nfailure_zone = \"b\"");
        let line = line_of(ISP, &part) - 2;
        let text = replace(ISP, &part, &format!("zone = \"{zone}\""));
        one_problem(line, &text, &problem(section));
    }
    let lab = replace(LAB, "[[home]]", "[[home]]\nfailure_zone = \"a\"");
    let found = problems(&lab);
    let keys: Vec<&str> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["router.failure_zone", "home.failure_zone"], "{found}");
}

#[test]
fn a_failure_zone_has_a_name() {
    let label = "write 1 to 63 of the characters a-z, 0-9 and `-`, with no `-` at an end, such as `home-1`";
    mistake(
        ISP,
        "failure_zone = \"a\"",
        "failure_zone = \"Room A\"",
        &format!("router.failure_zone is \"Room A\", which is no name; {label}"),
    );
}

#[test]
fn a_node_is_in_one_failure_zone() {
    let text = EDUCATION
        .replace("node = \"node-1\"", "node = \"node-1\"\nfailure_zone = \"a\"")
        .replace("node = \"node-2\"", "node = \"node-2\"\nfailure_zone = \"b\"");
    assert_sound(&text);
    let home = "zone = \"core\"\nnode = \"node-2\"\nfailure_zone = \"b\"";
    let moved = home.replace("\"b\"", "\"a\"");
    // With both home servers in one zone there would be none with it lost.
    let apart = replace(&text, home, &moved);
    let found = problems(&apart);
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{found}");
    assert_eq!(
        said[1],
        "home.failure_zone is \"a\", but the router of node \"node-2\" is in \"b\"; \
         write the same failure zone for both, since a node is one machine"
    );
}

#[test]
fn a_single_failure_zone_cannot_be_lost() {
    let text = ISP.replace("failure_zone = \"b\"", "failure_zone = \"a\"");
    let text = text.replace("failure_zone = \"c\"", "failure_zone = \"a\"");
    let problem = "router.failure_zone is \"a\" everywhere, and nobody is served with it lost; \
                   write two failure zones or more, or leave the key out everywhere";
    one_problem(line_of(&text, "failure_zone = \"a\""), &text, problem);
    // A lab promises nothing.
    let lab = LAB.replace("zone = \"inside\"", "zone = \"inside\"\nfailure_zone = \"a\"");
    assert_sound(&lab);
}

#[test]
fn two_failure_zones_that_do_not_carry_what_three_do_are_found() {
    assert_sound(ISP);
    let one_more = replace(ISP, "users = 38_000", "users = 38_002");
    let found = problems(&one_more);
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    let problem = |key| {
        format!(
            "has {} sections that 19001 people online need with failure zone \"c\" lost; \
             write 2 [[{key}]] sections for each failure zone, or leave `failure_zone` out everywhere \
             to be ready for the loss of one process only",
            if key == "home" { "2 of the 3" } else { "1 of the 2" }
        )
    };
    // 2 routers are left, which carry 38,000.
    assert_eq!(said, [format!("home {}", problem("home"))], "{found}");
    assert_eq!(
        found.iter().next().map(|problem| problem.line),
        Some(line_of(ISP, "[[home]]"))
    );

    let router = "\n[[router]]\nname = \"router-c1\"\nzone = \"internet\"\nfailure_zone = \"c\"\n\
                  schemes = [\"digest\"]\ncall_backs = \"off\"\ntls = \"router\"\n";
    let fewer = replace(&one_more, router, "");
    let more = format!("{fewer}\n[[home]]\nname = \"home-a2\"\nzone = \"core\"\nfailure_zone = \"a\"\n");
    let more = format!("{more}\n[[home]]\nname = \"home-b2\"\nzone = \"core\"\nfailure_zone = \"b\"\n");
    let found = problems(&more);
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    let router = problem("router")
        .replace("\"c\"", "\"b\"")
        .replace("write 2", "write 1");
    assert_eq!(said, [format!("router {router}")], "{found}");
}

#[test]
fn a_failure_zone_that_takes_too_much_capacity_with_it_is_found() {
    let small = ISP.replace("capacity = 10_000", "capacity = 9_499");
    let problem = "population.users are 38000 people, 19000 online at the peak, \
                   more than the 18998 that the home servers hold with failure zone \"c\" lost; \
                   raise `capacity`, or add a [[home]]";
    one_problem(line_of(ISP, "users ="), &small, problem);
    assert_sound(&ISP.replace("capacity = 10_000", "capacity = 9_500"));
}
