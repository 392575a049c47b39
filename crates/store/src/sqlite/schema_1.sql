-- Integer keys stand for the 16-byte ids of accounts, devices and conversations in every other table: a log entry and
-- its repeat-check key are then 60 bytes smaller. Keys are never used twice.

CREATE TABLE settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    stamps_used INTEGER NOT NULL DEFAULT 0,
    indexed_stamps INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The lives of this store, each begun by a restore from a backup but for the first; the newest is the incarnation above.
CREATE TABLE lives (
    life INTEGER PRIMARY KEY,
    incarnation BLOB NOT NULL UNIQUE CHECK (length(incarnation) = 16)
) STRICT;

-- Where each conversation stood when a life began: what it had behind that was lost.
CREATE TABLE restored_logs (
    conversation INTEGER NOT NULL,
    life INTEGER NOT NULL REFERENCES lives (life),
    head INTEGER NOT NULL,
    commit_counter INTEGER NOT NULL,
    PRIMARY KEY (conversation, life)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    account INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    username TEXT NOT NULL UNIQUE,
    skeleton TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL DEFAULT '',
    role INTEGER NOT NULL DEFAULT 0,
    password_number INTEGER NOT NULL DEFAULT 1,
    opaque BLOB NOT NULL,
    stretch_memory_kib INTEGER NOT NULL,
    stretch_passes INTEGER NOT NULL,
    stretch_lanes INTEGER NOT NULL,
    identity_key BLOB NOT NULL CHECK (length(identity_key) = 32),
    recovery_key BLOB NOT NULL CHECK (length(recovery_key) = 32),
    device_list_number INTEGER NOT NULL,
    -- The authenticator's secret, sealed; empty where there is no second factor. How often it was turned on or off, and the
    -- newest time step whose code was used.
    second_factor BLOB NOT NULL DEFAULT x'',
    second_factor_number INTEGER NOT NULL DEFAULT 0,
    second_factor_step INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    -- The day, counted from 1970, on which a session began or was refreshed last; 0 if none ever did.
    seen_day INTEGER NOT NULL DEFAULT 0,
    -- 0 if it was not. Its name stays taken, and what others check it by stays.
    deleted_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX accounts_by_role ON accounts (role, username) WHERE role > 0;

-- Accounts that may not be signed in. `username`: the account's own. `ends_at_ms`: 0 if it has no end.
CREATE TABLE suspensions (
    account INTEGER PRIMARY KEY REFERENCES accounts (account),
    username TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    ends_at_ms INTEGER NOT NULL,
    set_by TEXT NOT NULL,
    set_by_role INTEGER NOT NULL
) STRICT;

-- `kind`: 0 keeps the username `subject` and what looks like it out, 1 the network `subject`. `skeleton`: the username's;
-- empty for a network. `ends_at_ms`: 0 if it has no end.
CREATE TABLE bans (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind INTEGER NOT NULL,
    subject TEXT NOT NULL,
    skeleton TEXT NOT NULL,
    reason TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    ends_at_ms INTEGER NOT NULL,
    set_by TEXT NOT NULL,
    set_by_role INTEGER NOT NULL,
    UNIQUE (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX bans_by_skeleton ON bans (skeleton) WHERE kind = 0;

-- What members told those who look after the server. `reporter`, `reported`: accounts. `conversation`, `message`, `device`:
-- ids as the reporter gave them, empty where it is about a person. `content`: what it reveals, found proven; empty if nothing.
-- `share`: of a message that opened later. `state`: 0 open, 1 taken up, 2 closed. `handled_by`: who did that last. `outcome`: 0
-- none yet, 1 acted, 2 dismissed. `closed_at_ms`: 0 if it is not.
CREATE TABLE reports (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    reporter INTEGER NOT NULL REFERENCES accounts (account),
    reported INTEGER NOT NULL REFERENCES accounts (account),
    category INTEGER NOT NULL,
    note TEXT NOT NULL,
    made_at_ms INTEGER NOT NULL,
    conversation BLOB NOT NULL CHECK (length(conversation) IN (0, 16)),
    message BLOB NOT NULL CHECK (length(message) IN (0, 16)),
    device BLOB NOT NULL CHECK (length(device) IN (0, 16)),
    seq INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    content BLOB NOT NULL,
    share BLOB NOT NULL CHECK (length(share) IN (0, 32)),
    state INTEGER NOT NULL DEFAULT 0,
    handled_by TEXT NOT NULL DEFAULT '',
    outcome INTEGER NOT NULL DEFAULT 0,
    answer TEXT NOT NULL DEFAULT '',
    closed_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX reports_by_state ON reports (state, made_at_ms, id);
CREATE INDEX reports_by_reporter ON reports (reporter, made_at_ms, id);
CREATE INDEX reports_by_closing ON reports (closed_at_ms) WHERE closed_at_ms > 0;

-- What was done by those who look after the server: only added to. `hash`: that of the entry and of the one before.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    actor BLOB NOT NULL CHECK (length(actor) = 16),
    actor_name TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Settings that were changed while the server runs. `name`: as bytes, for databases put texts in orders of their own.
CREATE TABLE overrides (
    name BLOB NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    set_by TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Codes that let newcomers in, by their hashes.
CREATE TABLE invitations (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    uses INTEGER NOT NULL,
    uses_left INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    made_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Codes that each stand once for one of the authenticator, by their hashes.
CREATE TABLE recovery_codes (
    account INTEGER NOT NULL REFERENCES accounts (account),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE device_lists (
    account INTEGER NOT NULL REFERENCES accounts (account),
    number INTEGER NOT NULL,
    list BLOB NOT NULL,
    signature BLOB NOT NULL,
    -- Empty where the identity key is that of the list before.
    handover BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (account, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE vaults (
    account INTEGER PRIMARY KEY REFERENCES accounts (account),
    number INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE account_states (
    account INTEGER PRIMARY KEY REFERENCES accounts (account),
    number INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- Of each archive the newest head, and what its segments come to.
CREATE TABLE archives (
    account INTEGER PRIMARY KEY REFERENCES accounts (account),
    number INTEGER NOT NULL,
    head BLOB NOT NULL,
    segments INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

-- `number`: that of the head that brought it in. `bytes`: what outline and body take.
CREATE TABLE archive_segments (
    account INTEGER NOT NULL REFERENCES accounts (account),
    number INTEGER NOT NULL,
    body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
    bytes INTEGER NOT NULL,
    outline BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (account, number)
) STRICT;

-- Every device that was ever listed. `place` is its place in the newest list.
CREATE TABLE devices (
    device INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES accounts (account),
    id BLOB NOT NULL CHECK (length(id) = 16),
    listed INTEGER NOT NULL DEFAULT 1,
    place INTEGER NOT NULL DEFAULT 0,
    highest_submission INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, id)
) STRICT;

CREATE TABLE sessions (
    session BLOB NOT NULL PRIMARY KEY CHECK (length(session) = 16),
    device INTEGER NOT NULL UNIQUE REFERENCES devices (device),
    stays_signed_in INTEGER NOT NULL,
    began_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    newest_token INTEGER NOT NULL,
    previous_token INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_use ON sessions (stays_signed_in, used_at_ms);

CREATE TABLE refresh_tokens (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session BLOB NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX refresh_tokens_by_session ON refresh_tokens (session, number);

-- Where devices are woken. `away`: the device is not connected. `woken_at_ms`: when it was told last that there is
-- something, since it was here; 0 if it was not.
CREATE TABLE push_subscriptions (
    session BLOB NOT NULL PRIMARY KEY CHECK (length(session) = 16) REFERENCES sessions (session) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    p256dh BLOB NOT NULL,
    auth BLOB NOT NULL,
    away INTEGER NOT NULL DEFAULT 0,
    woken_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Visits to the administration pages: one a session at most, which ends with it. `hash` is the SHA-256 of the code that lets
-- somebody in once (`entered` is 0), then of what is in the visit's cookie. `role`: the account's when it was let in.
CREATE TABLE admin_visits (
    session BLOB NOT NULL PRIMARY KEY CHECK (length(session) = 16) REFERENCES sessions (session) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    entered INTEGER NOT NULL,
    role INTEGER NOT NULL,
    began_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE key_packages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL REFERENCES devices (device),
    key_package BLOB NOT NULL
) STRICT;
CREATE INDEX key_packages_by_device ON key_packages (device, number);

CREATE TABLE last_resort_key_packages (
    device INTEGER PRIMARY KEY REFERENCES devices (device),
    key_package BLOB NOT NULL
) STRICT;

-- `forgotten`: the log holds no entry up to and with this one. `expired`: as in `Cursor`. `newest_leave`: the place of
-- the newest leave proposal.
CREATE TABLE conversations (
    conversation INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind INTEGER NOT NULL,
    head INTEGER NOT NULL DEFAULT 0,
    commit_counter INTEGER NOT NULL DEFAULT 0,
    forgotten INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0,
    newest_leave INTEGER NOT NULL DEFAULT 0,
    creator INTEGER NOT NULL REFERENCES devices (device),
    created_by_submission INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

-- `standing`: 0 as its commit brought it, 1 bad by somebody's word, so that a better one is wanted, 2 put anew.
-- `source`: the account that it came from. `asked_by`: the account that said that it is bad, 0 if most did.
CREATE TABLE group_infos (
    conversation INTEGER PRIMARY KEY REFERENCES conversations (conversation),
    commit_counter INTEGER NOT NULL,
    standing INTEGER NOT NULL DEFAULT 0,
    source INTEGER NOT NULL REFERENCES accounts (account),
    asked_by INTEGER NOT NULL DEFAULT 0,
    group_info BLOB NOT NULL
) STRICT;

CREATE TABLE direct_conversations (
    lower_account INTEGER NOT NULL REFERENCES accounts (account),
    higher_account INTEGER NOT NULL REFERENCES accounts (account),
    conversation INTEGER NOT NULL UNIQUE REFERENCES conversations (conversation),
    PRIMARY KEY (lower_account, higher_account)
) STRICT, WITHOUT ROWID;

CREATE TABLE rooms (
    name TEXT NOT NULL PRIMARY KEY,
    conversation INTEGER NOT NULL UNIQUE REFERENCES conversations (conversation)
) STRICT, WITHOUT ROWID;

CREATE TABLE participants (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    account INTEGER NOT NULL REFERENCES accounts (account),
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX participants_by_account ON participants (account, conversation);

-- Devices that have a leaf, or that left and have entries to fetch yet. `joined`: the entry that added the device.
-- `last`: the last entry that it may have; 9223372036854775807 while it is a member, 0 once it is not listed any more.
-- `leaf`: whether it stands in the group's tree, as far as commits said.
CREATE TABLE members (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    device INTEGER NOT NULL REFERENCES devices (device),
    joined INTEGER NOT NULL,
    acked INTEGER NOT NULL,
    last INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    PRIMARY KEY (conversation, device)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX members_by_device ON members (device, conversation);

-- Commits as long as their entries are in the log. `before`: how many accounts had a seat before; `kept`: how many of
-- them had one afterwards.
CREATE TABLE contests (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    seq INTEGER NOT NULL,
    author INTEGER NOT NULL REFERENCES accounts (account),
    before INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    restored INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- Seats that such a commit took from devices of other accounts than its author's. `whole`: the account kept none;
-- `took_seat`: 0 if an earlier one had taken it already, which may fall.
CREATE TABLE unseatings (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    device INTEGER NOT NULL REFERENCES devices (device),
    seq INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES accounts (account),
    joined INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    took_seat INTEGER NOT NULL,
    PRIMARY KEY (conversation, device, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX unseatings_by_commit ON unseatings (conversation, seq, device);

-- Accounts that such a commit took out. `took_part`: 0 if an earlier one had taken it out already, which may fall.
CREATE TABLE expulsions (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    account INTEGER NOT NULL REFERENCES accounts (account),
    seq INTEGER NOT NULL,
    took_part INTEGER NOT NULL,
    PRIMARY KEY (conversation, account, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX expulsions_by_commit ON expulsions (conversation, seq, account);

-- Seats that such a commit gave by its welcome, or gives should the one fall that did. `participant`: the account takes part by this alone;
-- `earlier`: since when the device has the seat that another contest has given back meanwhile, -1 if none.
CREATE TABLE seatings (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    seq INTEGER NOT NULL,
    device INTEGER NOT NULL REFERENCES devices (device),
    account INTEGER NOT NULL REFERENCES accounts (account),
    participant INTEGER NOT NULL,
    earlier INTEGER NOT NULL DEFAULT -1,
    PRIMARY KEY (conversation, seq, device)
) STRICT, WITHOUT ROWID;

-- Accounts that skip such a commit as invalid. `kept`: the account kept a seat.
CREATE TABLE dissents (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    seq INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES accounts (account),
    kept INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq, account)
) STRICT, WITHOUT ROWID;

-- Entries that not every member has acknowledged. No foreign keys: the writer knows both rows when it appends.
CREATE TABLE log (
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    commit_counter INTEGER NOT NULL,
    id BLOB NOT NULL,
    author INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    mac BLOB NOT NULL DEFAULT x'',
    payload BLOB NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- The keys of the repeat check with the answer that was given. `stamp` grows with time, so that old ones are at one end.
CREATE TABLE submissions (
    stamp INTEGER PRIMARY KEY,
    id BLOB NOT NULL CHECK (length(id) = 16),
    author INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    commit_counter INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL
) STRICT;

-- Finds all of them up to the stamp `indexed_stamps` of the settings, and perhaps some behind it.
CREATE TABLE submission_index (
    id BLOB NOT NULL,
    author INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (id, author, conversation)
) STRICT, WITHOUT ROWID;

-- A welcome's bytes stand once for all who join by it.
CREATE TABLE welcome_bodies (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    seq INTEGER NOT NULL,
    commit_counter INTEGER NOT NULL,
    author INTEGER NOT NULL REFERENCES devices (device),
    received_at_ms INTEGER NOT NULL,
    welcome BLOB NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT;

CREATE TABLE welcomes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL REFERENCES devices (device),
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    seq INTEGER NOT NULL
) STRICT;
CREATE INDEX welcomes_by_device ON welcomes (device, number);
CREATE UNIQUE INDEX welcomes_by_conversation ON welcomes (conversation, seq, device);

-- Files, whose ciphertext lies among the blobs. `arrived`: how much of it is there, in so many `parts`. `expires_at_ms`: when
-- it is removed, which is not before the last of its references ends. `removed_at_ms`: since when it is being removed; 0 if
-- it is not.
CREATE TABLE files (
    file BLOB NOT NULL PRIMARY KEY CHECK (length(file) = 16),
    account INTEGER NOT NULL REFERENCES accounts (account),
    length INTEGER NOT NULL,
    arrived INTEGER NOT NULL DEFAULT 0,
    parts INTEGER NOT NULL DEFAULT 0,
    expires_at_ms INTEGER NOT NULL,
    removed_at_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_account ON files (account);
CREATE INDEX files_unfinished ON files (account) WHERE arrived < length AND removed_at_ms = 0;
CREATE INDEX files_by_expiry ON files (expires_at_ms) WHERE removed_at_ms = 0;
CREATE INDEX files_removed ON files (removed_at_ms) WHERE removed_at_ms > 0;

-- Which entries bring them. `account`: the entry's author.
CREATE TABLE file_references (
    file BLOB NOT NULL REFERENCES files (file) ON DELETE CASCADE,
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    seq INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES accounts (account),
    ends_at_ms INTEGER NOT NULL,
    PRIMARY KEY (file, conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_references_by_account ON file_references (account, file);
CREATE INDEX file_references_by_end ON file_references (ends_at_ms);

-- The server's shares of messages that open later. `account`: the message's author. `share`: empty once it is withdrawn.
-- `released`: whether it was given to anybody, from when on it is not withdrawn. `told`: whether those who are away were told
-- that its time has come.
CREATE TABLE time_locks (
    conversation INTEGER NOT NULL REFERENCES conversations (conversation),
    account INTEGER NOT NULL REFERENCES accounts (account),
    message BLOB NOT NULL CHECK (length(message) = 16),
    unlocks_at_ms INTEGER NOT NULL,
    ends_at_ms INTEGER NOT NULL,
    share BLOB NOT NULL CHECK (length(share) IN (0, 32)),
    released INTEGER NOT NULL DEFAULT 0,
    told INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, account, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX time_locks_by_account ON time_locks (account, unlocks_at_ms) WHERE length(share) > 0;
CREATE INDEX time_locks_by_end ON time_locks (ends_at_ms);
CREATE INDEX time_locks_untold ON time_locks (unlocks_at_ms) WHERE told = 0 AND length(share) > 0;

-- A move into this store that is not whole yet: as long as the row is here, nothing serves from it. `source`: the
-- incarnation of the store that it comes from. `layout`: the number of the shape in which rows travel. `moved`: how many
-- have arrived, whose hash is `content`.
CREATE TABLE moving_in (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    source BLOB NOT NULL CHECK (length(source) = 16),
    layout INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    content BLOB NOT NULL CHECK (length(content) = 32)
) STRICT;
