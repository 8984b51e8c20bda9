//! `docs/attachment.asyncapi.yaml` says what the code says.

#[path = "words/next.rs"]
mod described;
#[path = "asyncapi/frames.rs"]
mod frames;
#[path = "asyncapi/schema.rs"]
mod schema;

use attachment::{CloseCode, EVENTS_PATH, FRAMES_PATH, PATH, SUBPROTOCOL, State, Why, limits};
use described::described;
use frames::{CLIENT, SERVER, Side};
use schema::{Place, places, resolve};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn document() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/attachment.asyncapi.yaml");
    let text = std::fs::read_to_string(path).expect("there is a description of the attachment");
    serde_saphyr::from_str(&text).expect("it is YAML")
}

fn at<'a>(document: &'a Value, pointer: &str) -> &'a Value {
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("no {pointer}"))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    object.keys().map(String::as_str).collect()
}

/// Every message of one side: its name, its payload's schema, its examples.
fn messages(document: &Value, side: Side) -> Vec<(&str, &Value, Vec<&Value>)> {
    let all = at(document, "/components/messages")
        .as_object()
        .expect("messages");
    let prefix = format!("{}.", side.name());
    let mut messages = Vec::new();
    for (key, message) in all {
        let Some(name) = key.strip_prefix(&prefix) else {
            continue;
        };
        assert_eq!(message["name"], name, "{key}");
        let examples = message["examples"].as_array().expect("examples");
        let examples = examples.iter().map(|example| &example["payload"]).collect();
        messages.push((name, &message["payload"], examples));
    }
    messages
}

#[test]
fn every_frame_is_there_and_no_other() {
    let document = document();
    let of = |side: &str, names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| format!("{side}.{name}")).collect()
    };
    let (client, server) = (of("client", CLIENT), of("server", SERVER));
    let on_socket: Vec<_> = SERVER
        .iter()
        .copied()
        .filter(|name| !["stream", "closed"].contains(name))
        .collect();
    let on_socket = of("server", &on_socket);
    let union =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| -> BTreeSet<String> { a.union(b).cloned().collect() };
    for (pointer, expected) in [
        ("/components/messages", union(&client, &server)),
        ("/channels/attachment/messages", union(&client, &on_socket)),
        ("/channels/events/messages", server),
        ("/channels/frames/messages", client.clone()),
    ] {
        let there: BTreeSet<_> = keys(at(&document, pointer))
            .into_iter()
            .map(str::to_owned)
            .collect();
        assert_eq!(there, expected, "{pointer}");
    }
    for (operation, expected) in [("receiveFrames", client), ("sendFrames", on_socket)] {
        let listed = at(&document, &format!("/operations/{operation}/messages"))
            .as_array()
            .expect("a list");
        let listed: BTreeSet<_> = listed
            .iter()
            .filter_map(|each| each["$ref"].as_str())
            .map(str::to_owned)
            .collect();
        let expected: BTreeSet<_> = expected
            .into_iter()
            .map(|name| format!("#/channels/attachment/messages/{name}"))
            .collect();
        assert_eq!(listed, expected, "{operation}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value, seen: &mut usize) {
        match value {
            Value::Object(fields) => {
                if fields.contains_key("$ref") {
                    resolve(document, value);
                    *seen += 1;
                }
                fields.values().for_each(|value| check(document, value, seen));
            }
            Value::Array(items) => items.iter().for_each(|value| check(document, value, seen)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut seen = 0;
    check(&document, &document, &mut seen);
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_example_is_that_frame() {
    let document = document();
    for side in [Side::Client, Side::Server] {
        for (name, schema, examples) in messages(&document, side) {
            assert_eq!(schema["properties"]["type"]["const"], name);
            let mut shown = BTreeSet::new();
            for example in examples {
                assert_eq!(example["type"], name, "{example}");
                let again = side
                    .round(example)
                    .unwrap_or_else(|error| panic!("{error}: {example}"));
                assert_eq!(&again, example, "every field is known, and as the code writes it");
                places(&document, schema, example);
                shown.extend(keys(example));
            }
            assert_eq!(
                shown,
                keys(&schema["properties"]),
                "{name}: examples show every field"
            );
        }
    }
}

/// An example without one field, or with one more, is read exactly where its schema permits that.
#[test]
fn required_and_optional_fields_are_those_of_the_code() {
    let document = document();
    let mut tried = 0;
    for side in [Side::Client, Side::Server] {
        for (name, schema, examples) in messages(&document, side) {
            for example in examples {
                for Place { pointer, schema, .. } in places(&document, schema, example) {
                    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
                    let change = |change: &dyn Fn(&mut Map<String, Value>)| {
                        let mut changed = example.clone();
                        let object = changed.pointer_mut(&pointer).and_then(Value::as_object_mut);
                        change(object.expect("the example has it"));
                        side.round(&changed).is_ok()
                    };
                    for field in keys(example.pointer(&pointer).expect("the same")) {
                        let may_go = !required.iter().any(|required| *required == field);
                        let goes = change(&|object| drop(object.remove(field)));
                        assert_eq!(goes, may_go, "{name}{pointer} without {field}");
                        tried += 1;
                    }
                    let open = schema["additionalProperties"] != false;
                    let more = change(&|object| drop(object.insert("unheard_of".into(), json!(1))));
                    assert_eq!(more, open, "{name}{pointer} with another field");
                }
            }
        }
    }
    assert!(tried > 150, "{tried}");
}

#[test]
fn states_reasons_and_close_codes_are_all_there() {
    let document = document();
    let schema = |name: &str| at(&document, &format!("/components/schemas/{name}")).clone();
    let settable: Vec<_> = State::SETTABLE.iter().map(|state| json!(state)).collect();
    assert_eq!(schema("settableState")["enum"], json!(settable));
    let told: Vec<_> = settable.into_iter().chain([json!(State::Unknown)]).collect();
    assert_eq!(schema("state")["enum"], json!(told));
    let whys: Vec<_> = Why::ALL.into_iter().filter(|why| *why != Why::Unknown).collect();
    assert_eq!(schema("why")["enum"], json!(whys));
    for kind in ["kind", "sentKind"] {
        assert_eq!(schema(kind)["enum"], json!(["text", "join", "leave"]));
    }
    let codes: Vec<_> = CloseCode::ALL.into_iter().map(CloseCode::code).collect();
    assert_eq!(schema("closeCode")["enum"], json!(codes));
    let described = CloseCode::ALL.into_iter().map(|close| {
        let next = described(close.next());
        json!({"code": close.code(), "reason": close.reason(), "next": next})
    });
    let described: Vec<_> = described.collect();
    assert_eq!(
        at(&document, "/channels/attachment/x-close-codes"),
        &json!(described)
    );
}

#[test]
fn addresses_and_limits_are_those_of_the_code() {
    let document = document();
    assert_eq!(at(&document, "/asyncapi"), "3.0.0");
    assert_eq!(at(&document, "/info/version"), SUBPROTOCOL);
    assert_eq!(at(&document, "/channels/attachment/address"), PATH);
    assert_eq!(at(&document, "/channels/events/address"), EVENTS_PATH);
    let posts = format!("{FRAMES_PATH}?stream={{stream}}");
    assert_eq!(at(&document, "/channels/frames/address"), &json!(posts));
    let expected = json!({
        "client-frame-bytes": limits::CLIENT_FRAME_BYTES_MAX,
        "first-frame-bytes": limits::FIRST_FRAME_BYTES_MAX,
        "server-frame-bytes": limits::SERVER_FRAME_BYTES_MAX,
        "text-bytes": limits::TEXT_BYTES_MAX,
        "open-requests": limits::REQUESTS_MAX,
        "unacknowledged-messages": limits::UNACKNOWLEDGED_MAX,
        "watched-people": limits::WATCHED_MAX,
        "watch-many-people": limits::WATCH_MANY_MAX,
        "remembered-messages": limits::REMEMBERED_MAX,
        "authenticate-within-seconds": limits::AUTHENTICATE_WITHIN.as_secs(),
        "heartbeat-seconds": limits::HEARTBEAT.as_secs(),
        "silence-seconds": limits::SILENCE_MAX.as_secs(),
        "acknowledge-within-seconds": limits::ACKNOWLEDGE_WITHIN.as_secs(),
        "resume-within-seconds": limits::RESUME_WITHIN.as_secs(),
        "token-lifetime-seconds": limits::TOKEN_LIFETIME.as_secs(),
    });
    assert_eq!(at(&document, "/channels/attachment/x-limits"), &expected);
    for (place, bound) in [
        ("address/maxLength", limits::ADDRESS_CHARS_MAX),
        ("addresses/maxItems", limits::PIECE_MAX),
        (
            "contactsChange/oneOf/0/properties/list/maxItems",
            limits::PIECE_MAX,
        ),
        ("watches/maxItems", limits::WATCH_MANY_MAX),
        ("watchedPeople/maxItems", limits::PIECE_MAX),
        ("participants/maxItems", limits::PARTICIPANTS_MAX),
        ("messageId/maxLength", limits::MESSAGE_ID_CHARS_MAX),
        ("conversation/maxLength", limits::CONVERSATION_CHARS_MAX),
        (
            "contact/properties/name/maxLength",
            limits::CONTACT_TEXT_CHARS_MAX,
        ),
        (
            "contact/properties/group/maxLength",
            limits::CONTACT_TEXT_CHARS_MAX,
        ),
        ("format/properties/font/maxLength", limits::FONT_CHARS_MAX),
        ("name/maxLength", limits::TOKEN_CHARS_MAX),
        ("token/maxLength", limits::TOKEN_CHARS_MAX),
        ("scram/maxLength", limits::SCRAM_CHARS_MAX),
    ] {
        let place = format!("/components/schemas/{place}");
        assert_eq!(at(&document, &place), &json!(bound), "{place}");
    }
}
