//! The shape in which rows travel, which is no backend's own.
//!
//! Every table and column of both schemas stands here, or in the backend's own list of what does not travel; a test of
//! each backend says so. What is one thing and kept in two ways is one here: a message travels with its MAC, whether
//! that is what is kept of it or not; the floors of a conversation's log travel with the conversation.

/// A value of a row. Without `Debug`: it may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A number, or a flag as 0 or 1.
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
}

/// The values of a row, in the order of its table's columns.
pub(crate) type Row = Vec<Value>;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number of 64 bits with its sign.
    Number,
    /// A number of 16 bits with its sign.
    Small,
    /// Whether something is so.
    Flag,
    /// A few bytes.
    Bytes,
    /// Bytes that may be many.
    Payload,
    /// A short text.
    Text,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// How a table's rows get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the table of its name into the table of its name.
    Plain,
    /// The one row of the store's facts, which is there before.
    Settings,
    /// Conversations, with how far their logs are forgotten.
    Conversations,
    /// Entries of the log, with the MACs that messages have.
    Log,
    /// Keys of the repeat check, the oldest first.
    Submissions,
    /// The highest number that each table of [`COUNTED`] ever gave a row.
    Counters,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) way: Way,
    /// The first `key` of them are its key, and its order.
    pub(crate) columns: &'static [Column],
    pub(crate) key: usize,
}

impl Table {
    /// The key of one of its rows.
    pub(crate) fn key_of(&self, row: &Row) -> Vec<Value> {
        row.iter().take(self.key).cloned().collect()
    }

    /// The columns of its key.
    pub(crate) fn key_columns(&self) -> &'static [Column] {
        self.columns.get(..self.key).unwrap_or_default()
    }

    /// Whether few of its rows may be many bytes.
    pub(crate) fn is_large(&self) -> bool {
        self.columns.iter().any(|column| column.kind == Kind::Payload)
    }
}

/// What a row takes in memory, about.
pub(crate) fn bytes_of(row: &Row) -> usize {
    let bytes = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::Bytes(bytes) => bytes.len(),
        Value::Text(text) => text.len(),
    };
    row.iter().map(|value| size_of::<Value>() + bytes(value)).sum()
}

/// Tables whose rows are counted, and never get a number again, with the column that holds it.
pub(crate) const COUNTED: &[(&str, &str)] = &[
    ("accounts", "account"),
    ("devices", "device"),
    ("key_packages", "number"),
    ("conversations", "conversation"),
    ("welcomes", "number"),
];

const fn number(name: &'static str) -> Column {
    Column { name, kind: Kind::Number }
}

const fn small(name: &'static str) -> Column {
    Column { name, kind: Kind::Small }
}

const fn flag(name: &'static str) -> Column {
    Column { name, kind: Kind::Flag }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes }
}

const fn payload(name: &'static str) -> Column {
    Column { name, kind: Kind::Payload }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn plain(name: &'static str, key: usize, columns: &'static [Column]) -> Table {
    Table { name, way: Way::Plain, columns, key }
}

const fn other(name: &'static str, way: Way, key: usize, columns: &'static [Column]) -> Table {
    Table { name, way, columns, key }
}

/// All tables, each behind those that its rows refer to.
pub(crate) const TABLES: &[Table] = &[
    other("settings", Way::Settings, 0, &[bytes("incarnation")]),
    plain("lives", 1, &[number("life"), bytes("incarnation")]),
    plain(
        "accounts",
        1,
        &[
            number("account"),
            bytes("id"),
            text("username"),
            text("skeleton"),
            text("email"),
            small("role"),
            number("password_number"),
            bytes("opaque"),
            number("stretch_memory_kib"),
            number("stretch_passes"),
            number("stretch_lanes"),
            bytes("identity_key"),
            bytes("recovery_key"),
            number("device_list_number"),
            bytes("second_factor"),
            number("second_factor_number"),
            number("second_factor_step"),
            number("created_at_ms"),
            number("seen_day"),
            number("deleted_at_ms"),
        ],
    ),
    plain("recovery_codes", 2, &[number("account"), bytes("hash")]),
    plain(
        "suspensions",
        1,
        &[
            number("account"),
            text("username"),
            text("reason"),
            number("since_ms"),
            number("ends_at_ms"),
            text("set_by"),
            small("set_by_role"),
        ],
    ),
    plain(
        "bans",
        1,
        &[
            bytes("id"),
            small("kind"),
            text("subject"),
            text("skeleton"),
            text("reason"),
            number("since_ms"),
            number("ends_at_ms"),
            text("set_by"),
            small("set_by_role"),
        ],
    ),
    plain(
        "reports",
        1,
        &[
            bytes("id"),
            number("reporter"),
            number("reported"),
            small("category"),
            text("note"),
            number("made_at_ms"),
            bytes("conversation"),
            bytes("message"),
            bytes("device"),
            number("seq"),
            number("received_at_ms"),
            payload("content"),
            bytes("share"),
            small("state"),
            text("handled_by"),
            small("outcome"),
            text("answer"),
            number("closed_at_ms"),
        ],
    ),
    plain(
        "audit",
        1,
        &[
            number("number"),
            number("at_ms"),
            bytes("actor"),
            text("actor_name"),
            text("address"),
            text("action"),
            text("subject"),
            text("before"),
            text("after"),
            bytes("hash"),
        ],
    ),
    plain("overrides", 1, &[bytes("name"), text("value"), text("set_by"), number("since_ms")]),
    plain(
        "invitations",
        1,
        &[
            bytes("hash"),
            bytes("id"),
            number("uses"),
            number("uses_left"),
            text("made_by"),
            number("made_at_ms"),
            number("expires_at_ms"),
        ],
    ),
    plain(
        "device_lists",
        2,
        &[number("account"), number("number"), bytes("list"), bytes("signature"), bytes("handover")],
    ),
    plain("vaults", 1, &[number("account"), number("number"), payload("sealed")]),
    plain("account_states", 1, &[number("account"), number("number"), payload("sealed")]),
    plain("archives", 1, &[number("account"), number("number"), bytes("head"), number("segments"), number("bytes")]),
    plain(
        "archive_segments",
        2,
        &[
            number("account"),
            number("number"),
            bytes("body_hash"),
            number("bytes"),
            payload("outline"),
            payload("body"),
        ],
    ),
    plain(
        "devices",
        1,
        &[
            number("device"),
            number("account"),
            bytes("id"),
            flag("listed"),
            number("place"),
            number("highest_submission"),
        ],
    ),
    plain(
        "sessions",
        1,
        &[
            bytes("session"),
            number("device"),
            flag("stays_signed_in"),
            number("began_at_ms"),
            number("used_at_ms"),
            number("newest_token"),
            number("previous_token"),
        ],
    ),
    plain("refresh_tokens", 1, &[bytes("hash"), bytes("session"), number("number")]),
    plain(
        "push_subscriptions",
        1,
        &[bytes("session"), text("endpoint"), bytes("p256dh"), bytes("auth"), flag("away"), number("woken_at_ms")],
    ),
    plain(
        "admin_visits",
        1,
        &[bytes("session"), bytes("hash"), flag("entered"), small("role"), number("began_at_ms"), number("used_at_ms")],
    ),
    plain("key_packages", 1, &[number("number"), number("device"), payload("key_package")]),
    plain("last_resort_key_packages", 1, &[number("device"), payload("key_package")]),
    other(
        "conversations",
        Way::Conversations,
        1,
        &[
            number("conversation"),
            bytes("id"),
            small("kind"),
            number("head"),
            number("commit_counter"),
            number("newest_leave"),
            number("creator"),
            number("created_by_submission"),
            number("created_at_ms"),
            number("forgotten"),
            number("expired"),
        ],
    ),
    plain(
        "group_infos",
        1,
        &[
            number("conversation"),
            number("commit_counter"),
            small("standing"),
            number("source"),
            number("asked_by"),
            payload("group_info"),
        ],
    ),
    plain("direct_conversations", 2, &[number("lower_account"), number("higher_account"), number("conversation")]),
    // Not by name: databases put texts in orders of their own.
    plain("rooms", 1, &[number("conversation"), text("name")]),
    plain("participants", 2, &[number("conversation"), number("account")]),
    plain(
        "members",
        2,
        &[number("conversation"), number("device"), number("joined"), number("acked"), number("last"), flag("leaf")],
    ),
    plain(
        "contests",
        2,
        &[
            number("conversation"),
            number("seq"),
            number("author"),
            number("before"),
            number("kept"),
            flag("restored"),
            flag("revoked"),
        ],
    ),
    plain(
        "unseatings",
        3,
        &[
            number("conversation"),
            number("device"),
            number("seq"),
            number("account"),
            number("joined"),
            flag("whole"),
            flag("took_seat"),
        ],
    ),
    plain("expulsions", 3, &[number("conversation"), number("account"), number("seq"), flag("took_part")]),
    plain(
        "seatings",
        3,
        &[
            number("conversation"),
            number("seq"),
            number("device"),
            number("account"),
            flag("participant"),
            number("earlier"),
        ],
    ),
    plain("dissents", 3, &[number("conversation"), number("seq"), number("account"), flag("kept")]),
    plain(
        "files",
        1,
        &[
            bytes("file"),
            number("account"),
            number("length"),
            number("arrived"),
            number("parts"),
            number("expires_at_ms"),
            number("removed_at_ms"),
        ],
    ),
    plain(
        "file_references",
        3,
        &[bytes("file"), number("conversation"), number("seq"), number("account"), number("ends_at_ms")],
    ),
    plain(
        "time_locks",
        3,
        &[
            number("conversation"),
            number("account"),
            bytes("message"),
            number("unlocks_at_ms"),
            number("ends_at_ms"),
            bytes("share"),
            flag("released"),
            flag("told"),
        ],
    ),
    plain("restored_logs", 2, &[number("conversation"), number("life"), number("head"), number("commit_counter")]),
    other(
        "log",
        Way::Log,
        2,
        &[
            number("conversation"),
            number("seq"),
            small("kind"),
            number("commit_counter"),
            bytes("id"),
            number("author"),
            number("received_at_ms"),
            bytes("mac"),
            payload("payload"),
        ],
    ),
    other(
        "submissions",
        Way::Submissions,
        4,
        &[
            number("received_at_ms"),
            number("author"),
            number("conversation"),
            bytes("id"),
            number("seq"),
            number("commit_counter"),
        ],
    ),
    plain(
        "welcome_bodies",
        2,
        &[
            number("conversation"),
            number("seq"),
            number("commit_counter"),
            number("author"),
            number("received_at_ms"),
            payload("welcome"),
        ],
    ),
    plain("welcomes", 1, &[number("number"), number("device"), number("conversation"), number("seq")]),
    // Behind all of them: rows that arrive with their numbers move some backends' counters.
    other("counters", Way::Counters, 1, &[number("place"), number("used")]),
];
