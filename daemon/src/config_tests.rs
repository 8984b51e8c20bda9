use super::*;
use serde::Deserialize;
use std::ffi::OsString;
use std::time::Duration;

/// What a role might have.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Example {
    name: String,
    shards: u16,
    domains: Vec<String>,
    scheme: Word,
    key_file: SecretFile,
    limits: Limits,
    admin: AdminSection,
    telemetry: TelemetrySection,
    drain: DrainSection,
    membership: MembershipSection,
}

#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    #[default]
    Ntlm,
    Digest,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    #[serde(with = "size")]
    body: u64,
    load: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            load: 0.5,
        }
    }
}

impl Settings for Example {
    fn check(&self, mistakes: &mut Mistakes) {
        if self.name.is_empty() {
            mistakes.add("name", "is missing; write name = \"example-1\"");
        }
        if self.limits.load > 1.0 {
            mistakes.add(
                "limits.load",
                format_args!("is {}, but must be at most 1", self.limits.load),
            );
        }
        self.membership.check(mistakes);
    }

    fn check_secrets(&self, mistakes: &mut Mistakes) {
        mistakes.secret("key_file", &self.key_file);
        self.membership.check_secrets(mistakes);
    }

    fn admin(&self) -> &AdminSection {
        &self.admin
    }

    fn telemetry(&self) -> &TelemetrySection {
        &self.telemetry
    }

    fn drain(&self) -> &DrainSection {
        &self.drain
    }
}

const GOOD: &str = "\
name = \"example-1\"
domains = [\"im.example.com\"]

[membership.etcd]
endpoints = [\"http://etcd-1:2379\"]
";

fn environment(variables: &[(&str, &str)]) -> Environment {
    let all = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
    Environment::new("HOMEPORT_EXAMPLE", all)
}

fn loaded(text: &str, variables: &[(&str, &str)]) -> Loaded<Example> {
    parse("x.toml", text, &environment(variables)).unwrap()
}

/// The mistakes of the good file with something before it, a line each.
fn mistakes(before: &str, after: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let text = format!("{before}{GOOD}{after}");
    let mistakes = parse::<Example>("x.toml", &text, &environment(variables)).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_not_set_has_its_default() {
    let settings = loaded(GOOD, &[]).settings;
    assert_eq!(settings.name, "example-1");
    assert_eq!(settings.membership.etcd.endpoints, ["http://etcd-1:2379"]);
    assert_eq!(settings.membership.etcd.lease_ttl, Duration::from_secs(3));
    assert_eq!(settings.limits.body, 65_536);
    assert_eq!(settings.admin.listen.0.to_string(), "127.0.0.1:9090");
}

#[test]
fn every_kind_of_value_is_read() {
    let more = "lease_ttl = \"10s\"\n[limits]\nbody = \"1MiB\"\nload = 1\n[telemetry]\njson = true\notlp = \"http://c:4317\"\n\
        [admin]\nlisten = \"[::1]:1234\"\n";
    let settings = loaded(&format!("shards = 4\nscheme = \"digest\"\n{GOOD}{more}"), &[]).settings;
    assert_eq!((settings.shards, settings.scheme), (4, Word::Digest));
    assert_eq!(settings.membership.etcd.lease_ttl, Duration::from_secs(10));
    assert_eq!((settings.limits.body, settings.limits.load), (1 << 20, 1.0));
    assert!(settings.telemetry.json && settings.telemetry.otlp.as_deref() == Some("http://c:4317"));
    assert_eq!(settings.admin.listen.0.to_string(), "[::1]:1234");
}

#[test]
fn the_environment_overrides_the_file() {
    let variables = [
        ("HOMEPORT_EXAMPLE__NAME", "example-2"),
        ("HOMEPORT_EXAMPLE__SHARDS", "1_0"),
        ("HOMEPORT_EXAMPLE__SCHEME", "digest"),
        ("HOMEPORT_EXAMPLE__LIMITS__LOAD", "0.25"),
        ("HOMEPORT_EXAMPLE__LIMITS__BODY", "2KiB"),
        ("HOMEPORT_EXAMPLE__TELEMETRY__JSON", "true"),
        (
            "HOMEPORT_EXAMPLE__MEMBERSHIP__ETCD__ENDPOINTS",
            "http://a:1, http://b:2",
        ),
        ("HOMEPORT_EXAMPLE__MEMBERSHIP__ETCD__LEASE_TTL", "7s"),
        ("HOMEPORT_EXAMPLE_SERVICE_HOST", "not ours"),
        ("HOMEPORT_ROUTER__NAME", "not ours"),
    ];
    let settings = loaded(GOOD, &variables).settings;
    assert_eq!(
        (settings.name.as_str(), settings.shards, settings.scheme),
        ("example-2", 10, Word::Digest)
    );
    assert_eq!((settings.limits.load, settings.limits.body), (0.25, 2_048));
    assert!(settings.telemetry.json);
    assert_eq!(settings.membership.etcd.endpoints, ["http://a:1", "http://b:2"]);
    assert_eq!(settings.membership.etcd.lease_ttl, Duration::from_secs(7));
}

#[test]
fn an_empty_variable_unsets_what_may_be_unset() {
    let file = format!("{GOOD}[telemetry]\notlp = \"http://c:4317\"\n");
    assert!(loaded(&file, &[]).settings.telemetry.otlp.is_some());
    assert_eq!(
        loaded(&file, &[("HOMEPORT_EXAMPLE__TELEMETRY__OTLP", "")])
            .settings
            .telemetry
            .otlp,
        None
    );
}

#[test]
fn a_file_is_not_needed() {
    let name = ("HOMEPORT_EXAMPLE__NAME", "example-3");
    let etcd = ("HOMEPORT_EXAMPLE__MEMBERSHIP__ETCD__ENDPOINTS", "http://a:1");
    assert_eq!(loaded("", &[name, etcd]).settings.name, "example-3");
}

/// Before the good file, after it, and what is said.
const WRONG: [(&str, &str, &str); 27] = [
    (
        "shard = 4\n",
        "",
        "x.toml:1: shard is no setting; did you mean `shards`?",
    ),
    (
        "",
        "[telemetry]\nlogg = \"info\"\n",
        "x.toml:7: telemetry.logg is no setting; did you mean `log`?",
    ),
    (
        "",
        "[drain]\npatience = 3\n",
        "x.toml:7: drain.patience is no setting; leave it out, or write one of deadline",
    ),
    (
        "shards = \"4\"\n",
        "",
        "x.toml:1: shards is \"4\", but must be a whole number from 0 to 65535",
    ),
    (
        "shards = -1\n",
        "",
        "x.toml:1: shards is -1, but must be a whole number from 0 to 65535",
    ),
    (
        "shards = 70000\n",
        "",
        "x.toml:1: shards is 70000, but must be a whole number from 0 to 65535",
    ),
    (
        "shards = 99999999999999999999\n",
        "",
        "x.toml:1: shards is 99999999999999999999, which is too large a number",
    ),
    (
        "scheme = \"basic\"\n",
        "",
        "x.toml:1: scheme is \"basic\", but must be \"ntlm\" or \"digest\"",
    ),
    ("limits = 3\n", "", "x.toml:1: limits is 3, but must be a section"),
    (
        "key_file = 7\n",
        "",
        "x.toml:1: key_file is 7, but must be a text between quotation marks",
    ),
    (
        "",
        "[limits]\nbody = \"64kB\"\n",
        "x.toml:7: limits.body is \"64kB\", but must be a size such as \"512B\", \"64KiB\" or \"1MiB\"",
    ),
    (
        "",
        "[limits]\nload = 1.5\n",
        "x.toml:7: limits.load is 1.5, but must be at most 1",
    ),
    (
        "",
        "lease_ttl = 5\n",
        "x.toml:6: membership.etcd.lease_ttl is 5, but must be a duration such as \"2s\", \"250ms\", \"5m\" or \"1h\"",
    ),
    (
        "",
        "lease_ttl = \"1s\"\n",
        "x.toml:6: membership.etcd.lease_ttl is \"1s\", but must be from \"2s\" to \"5m\"",
    ),
    (
        "",
        "user = \"homeport\"\n",
        "x.toml:4: membership.etcd.password_file is missing; it goes together with user",
    ),
    (
        "",
        "lease_ttl = \"2500ms\"\n",
        "x.toml:6: membership.etcd.lease_ttl is \"2500ms\", but etcd counts leases in whole seconds",
    ),
    (
        "",
        "ca_file = \"ca\"\ncert_file = \"cert\"\nkey_file = \"key\"\n",
        "x.toml:5: membership.etcd.endpoints has \"http://etcd-1:2379\", but must be https://HOST:PORT with certificates",
    ),
    (
        "",
        "on_silence = \"wait\"\n",
        "x.toml:6: membership.etcd.on_silence is \"wait\", but must be \"hold\" or \"lose\"",
    ),
    (
        "",
        "prefix = \"im\"\n",
        "x.toml:6: membership.etcd.prefix is \"im\", but must be like \"/homeport\", without / at its end",
    ),
    (
        "",
        "[admin]\nlisten = \"9090\"\n",
        "x.toml:7: admin.listen is \"9090\", but must be an address and port such as \"0.0.0.0:8080\" or \"[::]:8080\"",
    ),
    (
        "",
        "[admin]\nlisten = \"localhost:9090\"\n",
        "x.toml:7: admin.listen is \"localhost:9090\", but must be an address and port such as \"0.0.0.0:8080\" or \"[::]:8080\"",
    ),
    (
        "",
        "[telemetry]\njson = \"yes\"\n",
        "x.toml:7: telemetry.json is \"yes\", but must be true or false",
    ),
    (
        "",
        "[telemetry]\nlog = \"router=loud\"\n",
        "x.toml:7: telemetry.log is \"router=loud\": bad log filter; write levels such as `info,router=debug`",
    ),
    (
        "",
        "[telemetry]\notlp = \"collector\"\n",
        "x.toml:7: telemetry.otlp must be a URL such as \"http://collector:4317\", without a password",
    ),
    (
        "",
        "[drain]\ndeadline = \"10m\"\n",
        "x.toml:7: drain.deadline is \"10m\", but must be from \"1s\" to \"5m\"",
    ),
    (
        "",
        "[[drain]]\n",
        "x.toml:6: drain is a list, but must be a section",
    ),
    (
        "name 4\n",
        "",
        "x.toml:1: this is not TOML: key with no value, expected `=`",
    ),
];

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_write() {
    for (before, after, expected) in WRONG {
        assert_eq!(mistakes(before, after, &[]), [expected]);
    }
}

#[test]
fn a_mistake_in_a_list_is_told_with_its_item() {
    let text = "domains = [\n  \"im.example.com\",\n  7,\n]\nname = \"x\"\nmembership.etcd.endpoints = [\"http://a:1\"]\n";
    let mistakes = parse::<Example>("x.toml", text, &Environment::default()).unwrap_err();
    assert_eq!(
        mistakes.to_string(),
        "x.toml:3: domains has an item that is 7, but must be a text between quotation marks"
    );
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    let wrong = [
        (
            "HOMEPORT_EXAMPLE__SHARD",
            "4",
            "shard is no setting; did you mean `shards`?",
        ),
        (
            "HOMEPORT_EXAMPLE__SHARDS",
            "four",
            "shards is \"four\", but must be a whole number from 0 to 65535",
        ),
        (
            "HOMEPORT_EXAMPLE__TELEMETRY__JSON",
            "yes",
            "telemetry.json is \"yes\", but must be true or false",
        ),
        (
            "HOMEPORT_EXAMPLE__NAME",
            "",
            "name is missing; write name = \"example-1\"",
        ),
        (
            "HOMEPORT_EXAMPLE__NAME__FIRST",
            "x",
            "name has no setting `first` below it, because it is a value",
        ),
        (
            "HOMEPORT_EXAMPLE__LIMITS",
            "x",
            "limits is \"x\", but must be a section",
        ),
        (
            "HOMEPORT_EXAMPLE__",
            "x",
            "is no setting; write HOMEPORT_EXAMPLE__SECTION__KEY",
        ),
    ];
    for (name, value, expected) in wrong {
        assert_eq!(
            mistakes("", "", &[(name, value)]),
            [format!("environment {name}: {expected}")]
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text =
        "nam = \"x\"\nshards = \"many\"\n[limits]\nload = 2.0\nsize = 3\n[drain]\ndeadline = \"soon\"\n";
    let mistakes = parse::<Example>(
        "x.toml",
        text,
        &environment(&[("HOMEPORT_EXAMPLE__SCHEME", "basic")]),
    );
    let told = mistakes.unwrap_err().to_string();
    let places: Vec<&str> = told
        .lines()
        .map(|line| line.split(" is ").next().unwrap())
        .collect();
    let expected = [
        "x.toml:1: nam",
        "x.toml:2: shards",
        "x.toml:4: limits.load",
        "x.toml:5: limits.size",
        "x.toml:7: drain.deadline",
        "environment HOMEPORT_EXAMPLE__SCHEME: scheme",
        "name",
        "membership.etcd.endpoints",
    ];
    assert_eq!(places, expected, "{told}");
}

#[test]
fn each_missing_certificate_is_told() {
    let text = "name = \"x\"\nmembership.etcd = { endpoints = [\"https://a:1\"], cert_file = \"cert\" }\n";
    let told = parse::<Example>("x.toml", text, &Environment::default())
        .unwrap_err()
        .to_string();
    let expected = "x.toml:2: membership.etcd.ca_file is missing; it goes together with cert_file\n\
        x.toml:2: membership.etcd.key_file is missing; it goes together with cert_file";
    assert_eq!(told, expected);
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    let text = "name = \"x\"\nmembership.etcd.endpoints = [\"http://root:sesame@etcd:2379\"]\n";
    let told = parse::<Example>("x.toml", text, &Environment::default())
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("password_file instead") && !told.contains("sesame"),
        "{told}"
    );
}

#[test]
fn what_is_printed_tells_where_each_value_is_from() {
    let variables = [
        ("HOMEPORT_EXAMPLE__TELEMETRY__LOG", "debug"),
        ("HOMEPORT_EXAMPLE__KEY_FILE", "/run/secrets/key"),
    ];
    let printed = loaded(GOOD, &variables).print().unwrap();
    let lines: Vec<String> = printed
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for expected in [
        "name = \"example-1\" # x.toml:1",
        "shards = 0 # default",
        "key_file = \"/run/secrets/key\" # environment HOMEPORT_EXAMPLE__KEY_FILE",
        "endpoints = [\"http://etcd-1:2379\"] # x.toml:5",
        "lease_ttl = \"3s\" # default",
        "body = \"64KiB\" # default",
        "log = \"debug\" # environment HOMEPORT_EXAMPLE__TELEMETRY__LOG",
        "[membership.etcd]",
    ] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected} in\n{printed}"
        );
    }
}

#[test]
fn what_is_printed_can_be_loaded_again() {
    let first = loaded(
        &format!("shards = 3\n{GOOD}"),
        &[("HOMEPORT_EXAMPLE__TELEMETRY__OTLP", "http://c:4317")],
    );
    let again = loaded(&first.print().unwrap(), &[]);
    assert_eq!(first.settings, again.settings);
}

#[test]
fn secrets_that_cannot_be_used_are_told_at_once() {
    let more = "user = \"u\"\npassword_file = \"/nowhere/password\"\n";
    let loaded = loaded(&format!("key_file = \"/nowhere/key\"\n{GOOD}{more}"), &[]);
    let told = loaded.check_secrets().unwrap_err().to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(
        lines[0].starts_with("x.toml:1: key_file names /nowhere/key, which cannot be read: No such file"),
        "{told}"
    );
    assert!(
        lines[1].starts_with("x.toml:8: membership.etcd.password_file names /nowhere/password"),
        "{told}"
    );
}

#[test]
fn a_file_that_cannot_be_read_or_is_far_too_large_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = load::<Example>(Some(&folder.path().join("nowhere")), &Environment::default()).unwrap_err();
    assert!(matches!(nowhere, Error::Read { .. }), "{nowhere}");
    let large = folder.path().join("large.toml");
    std::fs::write(&large, "#".repeat((1 << 20) + 1)).unwrap();
    let large = load::<Example>(Some(&large), &Environment::default()).unwrap_err();
    assert!(matches!(large, Error::TooLarge(_)), "{large}");
}
