-- Single values: account, keys, session, counters. CBOR.
CREATE TABLE facts (
    name TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The state of MLS groups, key by key, as the core wants it.
CREATE TABLE mls (
    key BLOB PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    account BLOB PRIMARY KEY NOT NULL,
    name TEXT,
    devices BLOB,
    checked_ms INTEGER NOT NULL DEFAULT 0,
    compared_key BLOB,
    compared_ms INTEGER NOT NULL DEFAULT 0,
    compared_by_code INTEGER NOT NULL DEFAULT 0,
    blocked INTEGER NOT NULL DEFAULT 0,
    shown_identity BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_name ON accounts (name);

-- The newest device lists of the own account with their signatures, to offer them again to a server that lost them.
CREATE TABLE own_lists (
    number INTEGER PRIMARY KEY,
    list BLOB NOT NULL,
    signature BLOB NOT NULL,
    handover BLOB
) STRICT;

CREATE TABLE conversations (
    id BLOB PRIMARY KEY NOT NULL,
    kind INTEGER NOT NULL,
    state INTEGER NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    title TEXT,
    room TEXT,
    peer BLOB,
    opened_by BLOB,
    accounts BLOB NOT NULL DEFAULT x'80',
    cursor INTEGER NOT NULL DEFAULT 0,
    first INTEGER NOT NULL DEFAULT 0,
    counter INTEGER NOT NULL DEFAULT 0,
    read_up_to INTEGER NOT NULL DEFAULT 0,
    newest_ms INTEGER NOT NULL DEFAULT 0,
    repairs INTEGER NOT NULL DEFAULT 0,
    repaired_ms INTEGER NOT NULL DEFAULT 0,
    update_due_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX conversations_by_peer ON conversations (peer) WHERE peer IS NOT NULL;

-- `after_s`: after how long it vanishes, counted from reading or from sending; `vanishes_at_ms`: when, once that counts.
-- `once`: it is opened once; its text is in `content` alone until then, and nowhere for who wrote it, where `content` names
-- what the server has of its files and no more. `opened`: it was, and
-- stays for its files for a little while. `perhaps_taken`: one's own that waits or failed, and that others may have, as it left
-- this device, or a copy of it, and the server did not refuse it.
CREATE TABLE messages (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation BLOB NOT NULL,
    id BLOB NOT NULL,
    author BLOB NOT NULL,
    device BLOB NOT NULL,
    own INTEGER NOT NULL,
    seq INTEGER,
    sent_ms INTEGER NOT NULL,
    received_ms INTEGER,
    kind TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    content BLOB NOT NULL,
    opening BLOB,
    mac BLOB,
    author_listed INTEGER NOT NULL DEFAULT 1,
    state INTEGER NOT NULL,
    failure TEXT,
    printed INTEGER NOT NULL DEFAULT 0,
    quoted BLOB,
    quoted_author BLOB,
    forwarded INTEGER NOT NULL DEFAULT 0,
    mentions BLOB NOT NULL DEFAULT x'80',
    mentions_me INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    pinned INTEGER,
    after_s INTEGER,
    from_reading INTEGER NOT NULL DEFAULT 0,
    once INTEGER NOT NULL DEFAULT 0,
    opened INTEGER NOT NULL DEFAULT 0,
    vanishes_at_ms INTEGER,
    perhaps_taken INTEGER NOT NULL DEFAULT 0,
    UNIQUE (conversation, device, id)
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation, position);
CREATE INDEX messages_by_author ON messages (author, position);
CREATE INDEX messages_by_id ON messages (id);
CREATE INDEX messages_by_seq ON messages (conversation, seq) WHERE seq IS NOT NULL;
CREATE INDEX messages_unprinted ON messages (position) WHERE printed = 0 AND own = 0 AND deleted = 0;
CREATE INDEX messages_unread ON messages (conversation, position) WHERE own = 0 AND deleted = 0;
CREATE INDEX messages_calling ON messages (conversation, position) WHERE mentions_me = 1 AND deleted = 0;
CREATE INDEX messages_pinned ON messages (conversation, pinned, seq) WHERE pinned IS NOT NULL;
CREATE INDEX messages_with_files ON messages (conversation, position) WHERE kind = 'file' AND deleted = 0 AND once = 0;
CREATE INDEX messages_vanishing ON messages (vanishes_at_ms) WHERE vanishes_at_ms IS NOT NULL;
CREATE INDEX messages_to_be_read ON messages (conversation, position, after_s, vanishes_at_ms)
    WHERE from_reading = 1 AND own = 0 AND once = 0;
CREATE INDEX messages_quoting ON messages (conversation, quoted) WHERE quoted IS NOT NULL;

-- Messages that have vanished, by their names alone: none of them comes back, whoever sends it again. `opened`: it was
-- opened once, which the account's other devices are told.
CREATE TABLE vanished (
    conversation BLOB NOT NULL,
    author BLOB NOT NULL,
    message BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    opened INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, author, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX vanished_by_time ON vanished (opened, at_ms);

-- What the annotations of a message come to, also of one that is not here (`here` = 0). `newest`: their highest place.
CREATE TABLE marks (
    conversation BLOB NOT NULL,
    author BLOB NOT NULL,
    message BLOB NOT NULL,
    marks BLOB NOT NULL,
    newest INTEGER NOT NULL,
    here INTEGER NOT NULL,
    PRIMARY KEY (conversation, author, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX marks_of_absent ON marks (conversation, newest) WHERE here = 0;
CREATE INDEX marks_by_place ON marks (conversation, newest);

-- Annotations of one's own that wait to be sent; they are shown at once, and undone if they are refused.
CREATE TABLE marks_waiting (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation BLOB NOT NULL,
    author BLOB NOT NULL,
    message BLOB NOT NULL,
    id BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX marks_waiting_by_message ON marks_waiting (conversation, message, author);
CREATE INDEX marks_waiting_by_id ON marks_waiting (conversation, id);

-- Title and topic with their places in the log, and the own account's role.
CREATE TABLE titles (
    conversation BLOB PRIMARY KEY NOT NULL,
    settings BLOB NOT NULL DEFAULT x'a0',
    role INTEGER
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE words USING fts5 (
    body, content = 'messages', content_rowid = 'position', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER messages_said AFTER INSERT ON messages BEGIN
    INSERT INTO words (rowid, body) VALUES (new.position, new.body);
END;
CREATE TRIGGER messages_gone AFTER DELETE ON messages BEGIN
    INSERT INTO words (words, rowid, body) VALUES ('delete', old.position, old.body);
END;
CREATE TRIGGER messages_changed AFTER UPDATE OF body ON messages BEGIN
    INSERT INTO words (words, rowid, body) VALUES ('delete', old.position, old.body);
    INSERT INTO words (rowid, body) VALUES (new.position, new.body);
END;

-- What waits to be submitted. `submission` and `sealed` are there from the moment in which it is sealed, and `share` where
-- the server gets one beside it. `held`: a draft that waits until a person has decided about an identity key.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation BLOB NOT NULL,
    id BLOB NOT NULL,
    task BLOB NOT NULL,
    submission INTEGER UNIQUE,
    counter INTEGER,
    follows INTEGER,
    sealed BLOB,
    share BLOB,
    tries INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_by_id ON outbox (conversation, id);
CREATE INDEX outbox_held ON outbox (held) WHERE held = 1;

-- Files on their way: up, for a message of one's own that waits for them, or down. `message`: its position; `number`: which
-- of its files, from 0. `path`: what is sent, or what is there of what is fetched; `target`: where that lies once it is
-- whole. Up: `size` and `changed_ns` are the file's when it was begun, `done` is what the server has of the sealed bytes,
-- and the chunks from `sealed_from` up to `sealed_to` may have left this device without the server saying so; `digest` is
-- the hash of the file up to there. Down: `done` is what is verified, written and on disk. `state`: 0 to do, 1 paused,
-- 2 done, 3 failed, 4 to be cleared away (up: `folder` says from which message, if not from all). `stripped`: whether pictures are sent without what says where they were taken.
CREATE TABLE transfers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    outgoing INTEGER NOT NULL,
    message INTEGER NOT NULL,
    file INTEGER NOT NULL,
    path TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    folder TEXT NOT NULL DEFAULT '',
    stripped INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL DEFAULT 0,
    blob BLOB,
    done INTEGER NOT NULL DEFAULT 0,
    sealed_from INTEGER NOT NULL DEFAULT 0,
    sealed_to INTEGER NOT NULL DEFAULT 0,
    digest BLOB,
    begun INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL DEFAULT 0,
    failure TEXT
) STRICT;
CREATE INDEX transfers_of_message ON transfers (message, file);
CREATE INDEX transfers_to_do ON transfers (number) WHERE state IN (0, 4);

-- Messages that open later, and that did. `message`: its position. `state`: 0 waits, 1 opened, 2 withdrawn, 3 will not open.
-- The shares: both on the device that locked it; elsewhere the server's, once it is open. `sealed`: what had come, once it is
-- open. `ask_ms`: when the share is asked for next, by the server's time. `opened_ms`: when what somebody else had locked opened
-- here, by the server's time. `chain`: the beacon that has the other share in the server's place, none for the server; `beacon`: what
-- is sealed for it, on the device that locked it.
CREATE TABLE locks (
    message INTEGER PRIMARY KEY,
    unlocks_ms INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    members_share BLOB,
    server_share BLOB,
    sealed BLOB,
    ask_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    opened_ms INTEGER,
    chain BLOB,
    beacon BLOB
) STRICT;
CREATE INDEX locks_due ON locks (ask_ms) WHERE state = 0;
CREATE TRIGGER messages_unlocked AFTER DELETE ON messages BEGIN
    DELETE FROM locks WHERE message = old.position;
END;

-- Commits that were skipped here as invalid and that the server has not been told of yet.
CREATE TABLE dissents (
    conversation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- Accounts that proposed to leave and whose leaves are still in the group.
CREATE TABLE leavers (
    conversation BLOB NOT NULL,
    account BLOB NOT NULL,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;

-- Hashes of the log's newest entries, to compare with what other members saw. `own_counter`: the counter of a message of
-- this device, else 0.
CREATE TABLE entries (
    conversation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    own_counter INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE senders (
    conversation BLOB NOT NULL,
    device BLOB NOT NULL,
    counter INTEGER NOT NULL,
    PRIMARY KEY (conversation, device)
) STRICT, WITHOUT ROWID;

-- When each device of a conversation was last heard, by the server's time.
CREATE TABLE heard (
    conversation BLOB NOT NULL,
    account BLOB NOT NULL,
    device BLOB NOT NULL,
    heard_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, account, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_by_time ON heard (heard_ms);

CREATE TABLE receipts (
    message BLOB NOT NULL,
    account BLOB NOT NULL,
    read INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (message, account, read)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts_due (
    conversation BLOB NOT NULL,
    message BLOB NOT NULL,
    read INTEGER NOT NULL,
    PRIMARY KEY (conversation, message, read)
) STRICT, WITHOUT ROWID;

-- What a person set for a conversation. The draft is this device's; the rest is shared by the account's devices.
-- `draft_once`, `draft_opens_ms`, `draft_drand`: what is wished of the draft, kept with it so that it never comes back without.
-- `muted_until_ms`: 0 for not muted, -1 for ever. `archived_at`, `read_seq`: places in the log. `read_ms`: when the newest of
-- what was read was, on whichever device; 0 where that is not known. `answered`: whether the other side of a direct
-- conversation has spoken in it.
CREATE TABLE settings (
    conversation BLOB PRIMARY KEY NOT NULL,
    announced INTEGER NOT NULL DEFAULT 0,
    muted_until_ms INTEGER NOT NULL DEFAULT 0,
    archived_at INTEGER,
    favourite INTEGER NOT NULL DEFAULT 0,
    read_seq INTEGER NOT NULL DEFAULT 0,
    read_ms INTEGER NOT NULL DEFAULT 0,
    draft TEXT NOT NULL DEFAULT '',
    draft_once INTEGER NOT NULL DEFAULT 0,
    draft_opens_ms INTEGER,
    draft_drand INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What accounts show of themselves, the own one too.
CREATE TABLE cards (
    account BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    name TEXT,
    about TEXT,
    picture BLOB
) STRICT;

-- Which version of the own card those have who are in a conversation.
CREATE TABLE cards_shown (
    conversation BLOB PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notices (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    conversation BLOB,
    notice TEXT NOT NULL
) STRICT;

-- Segments of the account's archive, as the newest head names them that was seen. `outline`: as it is sealed. `held`: whether
-- everything that stood in it is here. `restore`: 0 it need not be fetched, 1 it is to be, 2 it could not be read, 3 it was.
CREATE TABLE archive_segments (
    number INTEGER PRIMARY KEY,
    outline BLOB NOT NULL,
    body_hash BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    restore INTEGER NOT NULL DEFAULT 0
) STRICT;

-- In which life of the server's store messages behind a position got their places in the log, and the first place of that
-- life that is not one of the life before. A conversation without a row has known the present life alone.
CREATE TABLE archive_lives (
    conversation BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    from_seq INTEGER NOT NULL,
    behind INTEGER NOT NULL,
    PRIMARY KEY (conversation, incarnation)
) STRICT, WITHOUT ROWID;

-- Places of logs behind which a device has read, and at which it had nothing that it could read.
CREATE TABLE archive_holes (
    conversation BLOB NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (conversation, from_seq)
) STRICT, WITHOUT ROWID;

-- Places of logs that hold what was taken back at the place `done`: no segment keeps what it has of them from before that.
CREATE TABLE archive_leaving (
    conversation BLOB NOT NULL,
    incarnation BLOB NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    done INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, incarnation, from_seq, to_seq)
) STRICT, WITHOUT ROWID;
