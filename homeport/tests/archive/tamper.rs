//! What somebody who may write to a store can do to an archive, done to a backup of it: so it is the same for
//! every engine.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::Location;

/// The lines of a backup but the last.
pub(crate) struct Tables(Vec<Value>);

/// Copies a store, and does something to the copy.
pub(crate) async fn copy(from: &Location, to: &Location, deed: impl FnOnce(&mut Tables)) {
    let mut octets = Vec::new();
    from.backup(&mut octets, &mut |_, _| {}).await.unwrap();
    let text = String::from_utf8(zstd::decode_all(&octets[..]).unwrap()).unwrap();
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.pop();
    let mut tables = Tables(lines);
    deed(&mut tables);
    let rows = tables.0.iter().filter(|line| line.is_array()).count();
    let mut text: String = tables.0.iter().map(|line| format!("{line}\n")).collect();
    let digest = Sha256::digest(&text);
    let sha256: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    text.push_str(&format!("{}\n", json!({"rows": rows, "sha256": sha256})));
    let octets = zstd::encode_all(text.as_bytes(), 0).unwrap();
    to.restore(&mut &octets[..], &mut |_, _| {}).await.unwrap();
}

impl Tables {
    /// The place of a table's first line, and of its columns.
    fn table(&self, name: &str) -> (usize, Vec<String>) {
        let head = self.0.iter().position(|line| line["table"] == name).unwrap();
        let columns = self.0[head]["columns"].as_array().unwrap();
        let columns = columns.iter().map(|column| column.as_str().unwrap().to_owned());
        (head + 1, columns.collect())
    }

    /// The line of an entry of the first chain.
    fn entry(&self, number: u64) -> usize {
        let (first, columns) = self.table("archive");
        let place = columns.iter().position(|column| column == "number").unwrap();
        let rows = self.0[first..].iter();
        first
            + rows
                .take_while(|line| line.is_array())
                .position(|line| line[place] == number)
                .unwrap()
    }

    pub(crate) fn remove_entry(&mut self, number: u64) {
        let line = self.entry(number);
        self.0.remove(line);
    }

    pub(crate) fn change_entry(&mut self, number: u64, column: &str, value: Value) {
        let (_, columns) = self.table("archive");
        let place = columns.iter().position(|each| each == column).unwrap();
        let line = self.entry(number);
        assert_ne!(self.0[line][place], value);
        self.0[line][place] = value;
    }

    pub(crate) fn swap_entries(&mut self, one: u64, other: u64) {
        let (_, columns) = self.table("archive");
        let place = columns.iter().position(|column| column == "number").unwrap();
        let lines = (self.entry(one), self.entry(other));
        self.0[lines.0][place] = other.into();
        self.0[lines.1][place] = one.into();
    }

    /// Removes everything behind an entry, and says that this is the head.
    pub(crate) fn cut_off(&mut self, head: u64) {
        let (_, columns) = self.table("archive");
        let place = columns.iter().position(|column| column == "hash").unwrap();
        let hash = self.0[self.entry(head)][place].clone();
        self.remove_entry(head + 1);
        let (first, columns) = self.table("archive_chains");
        let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
        let (number, octets) = (column("head_number"), column("head_hash"));
        self.0[first][number] = head.into();
        self.0[first][octets] = hash;
    }
}
