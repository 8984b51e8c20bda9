//! What each documented client really sends, as text in `fixtures/`, and the value it must be read as.
//!
//! The texts were written for this project after the description of the clients (spec 10): librvp,
//! Miranda with its bare line feeds, Net-RVP with its indentation, servers, and the paper's own samples.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "targets/wire.rs"]
mod wire;

use rvp::Request;
use rvp::credentials::Authorization;
use std::fs;
use std::path::{Path, PathBuf};

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths
        .into_iter()
        .map(|path| (name(&path), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn every_request_of_every_client_is_read_right() {
    for (name, octets) in fixtures() {
        let (parts, body) = wire::request(&octets).expect(&name);
        let authorization = parts
            .headers
            .get(http::header::AUTHORIZATION)
            .map(|value| Authorization::parse(value).expect(&name));
        let length = parts
            .headers
            .get(http::header::CONTENT_LENGTH)
            .map(|value| value.to_str().unwrap());
        assert_eq!(length.unwrap_or("0"), body.len().to_string(), "{name}");
        let request = Request::parse(&parts, body).unwrap_or_else(|error| panic!("{name}: {error}"));
        match authorization {
            Some(authorization) => insta::assert_debug_snapshot!(name, (request, authorization)),
            None => insta::assert_debug_snapshot!(name, request),
        }
    }
}

#[test]
fn every_message_of_every_client_has_the_text_it_shows() {
    let mut texts = Vec::new();
    for (name, octets) in fixtures() {
        let (parts, body) = wire::request(&octets).expect(&name);
        let rvp::Method::Notify(notify) = Request::parse(&parts, body).unwrap().method else {
            continue;
        };
        texts.extend(notify.notification.mime().ok().map(|mime| (name, mime)));
    }
    insta::assert_debug_snapshot!("mime", texts);
}
