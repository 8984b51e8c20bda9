//! All tables as data, for whoever copies everything: names and columns are the same in every engine.

/// What a column holds. Any may be null.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Number,
    Text,
    Octets,
    Flag,
}

/// A value of a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    Null,
    Number(i64),
    Text(String),
    Octets(Vec<u8>),
    Flag(bool),
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// The condition of what is worth copying.
    pub(crate) which: &'static str,
    /// Columns whose order is that of the rows; numbers, so that every engine orders them alike.
    pub(crate) order: &'static str,
}

impl Table {
    /// The columns' names.
    pub(crate) fn columns(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// A statement that reads all rows in order.
    pub(crate) fn select(&self) -> String {
        let Self {
            name, which, order, ..
        } = self;
        format!("SELECT {} FROM {name}{which} ORDER BY {order}", self.columns())
    }

    /// A statement that counts the rows.
    pub(crate) fn count(&self) -> String {
        format!("SELECT count(*) FROM {}{}", self.name, self.which)
    }
}

use Kind::{Flag, Number, Octets, Text};

/// Every table but the one of the newest revision, in an order in which rows can be put.
pub(crate) const TABLES: [Table; 14] = [
    Table {
        name: "accounts",
        columns: &[
            ("id", Number),
            ("principal", Text),
            ("slot", Number),
            ("revision", Number),
            ("display_name", Text),
            ("email", Text),
            ("disabled", Flag),
            ("scram_salt", Octets),
            ("scram_iterations", Number),
            ("scram_stored_key", Octets),
            ("scram_server_key", Octets),
            ("nt_hash", Octets),
        ],
        which: "",
        order: "id",
    },
    Table {
        name: "digest_secrets",
        columns: &[
            ("account", Number),
            ("position", Number),
            ("username", Text),
            ("ha1", Octets),
        ],
        which: "",
        order: "account, position",
    },
    Table {
        name: "removed_accounts",
        columns: &[("principal", Text), ("revision", Number)],
        which: "",
        order: "revision",
    },
    Table {
        name: "logins",
        columns: &[
            ("account", Number),
            ("id", Number),
            ("call_back", Text),
            ("router", Text),
            ("ends", Number),
        ],
        which: "",
        order: "account, id",
    },
    Table {
        name: "views",
        columns: &[
            ("account", Number),
            ("id", Number),
            ("login", Number),
            ("state", Text),
            ("default_state", Text),
            ("changed", Number),
            ("ends", Number),
        ],
        which: "",
        order: "account, id",
    },
    Table {
        name: "property_subscriptions",
        columns: &[
            ("account", Number),
            ("id", Number),
            ("watcher", Text),
            ("subscriber", Text),
            ("ends", Number),
        ],
        which: "",
        order: "account, id",
    },
    Table {
        name: "access_lists",
        columns: &[("account", Number), ("document", Octets)],
        which: "",
        order: "account",
    },
    Table {
        name: "told",
        columns: &[("account", Number), ("state", Text)],
        which: "",
        order: "account",
    },
    Table {
        name: "kept_messages",
        columns: &[
            ("account", Number),
            ("number", Number),
            ("message_id", Text),
            ("sender", Text),
            ("ack", Text),
            ("bytes", Number),
            ("accepted", Number),
            ("taken", Number),
            ("document", Octets),
        ],
        which: "",
        order: "account, number",
    },
    Table {
        name: "contacts",
        columns: &[
            ("account", Number),
            ("position", Number),
            ("principal", Text),
            ("name", Text),
            ("group_name", Text),
        ],
        which: "",
        order: "account, position",
    },
    Table {
        name: "claims",
        columns: &[
            ("slot", Number),
            ("epoch", Number),
            ("member", Text),
            ("kept", Number),
        ],
        // Where every slot has a row, those that were never claimed are below every epoch.
        which: " WHERE epoch >= 0",
        order: "slot",
    },
    Table {
        name: "moves",
        columns: &[
            ("slot", Number),
            ("epoch", Number),
            ("member", Text),
            ("at", Number),
        ],
        which: "",
        order: "slot, epoch",
    },
    Table {
        name: "archive_chains",
        columns: &[
            ("id", Number),
            ("domain", Text),
            ("anchor_number", Number),
            ("anchor_hash", Octets),
            ("head_number", Number),
            ("head_hash", Octets),
        ],
        which: "",
        order: "id",
    },
    Table {
        name: "archive",
        columns: &[
            ("chain", Number),
            ("number", Number),
            ("at", Number),
            ("message_id", Text),
            ("sender", Text),
            ("recipient", Text),
            ("hash", Octets),
            ("document", Octets),
        ],
        which: "",
        order: "chain, number",
    },
];
