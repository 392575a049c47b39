//! Every bound that both sides must know. Sizes are in bytes unless the name says otherwise.

use std::time::Duration;

/// The longest text of one message, in bytes of UTF-8.
pub const MESSAGE_TEXT: usize = 64 * 1024;
/// The largest MLS message that a conversation's log takes; covers a padded 64 KiB text and its framing.
pub const LOG_PAYLOAD: usize = 160 * 1024;
/// The largest WebSocket message from a client, which may hold several frames.
pub const CLIENT_WEBSOCKET_MESSAGE: usize = 192 * 1024;
/// The largest WebSocket message from a server: one commit or welcome of a large group, or several small frames.
pub const SERVER_WEBSOCKET_MESSAGE: usize = 8 * 1024 * 1024;
/// The largest REST body, but for commits.
pub const REST_BODY: usize = 256 * 1024;
/// The largest REST body of a commit with its welcome and GroupInfo, in base64url.
pub const COMMIT_BODY: usize = 16 * 1024 * 1024;
/// The largest commit message itself.
pub const COMMIT: usize = 4 * 1024 * 1024;
/// The largest welcome: it reaches each joiner as one frame, and so stays below [`SERVER_WEBSOCKET_MESSAGE`].
pub const WELCOME: usize = 7 * 1024 * 1024;
/// The largest GroupInfo with its ratchet tree: about 4 KB for each member.
pub const GROUP_INFO: usize = 7 * 1024 * 1024;
/// The largest ephemeral payload (typing, presence).
pub const EPHEMERAL_PAYLOAD: usize = 1024;
/// The largest key package.
pub const KEY_PACKAGE: usize = 16 * 1024;
/// The most one-time key packages that a device may keep on the server.
pub const KEY_PACKAGES_KEPT: usize = 100;
/// Below this number of one-time key packages a device is asked to refill.
pub const KEY_PACKAGES_LOW: usize = 20;
/// The most devices of one account.
pub const DEVICES: usize = 20;
/// The most device lists that one request brings.
pub const LISTS_AT_ONCE: usize = 64;
/// The most members (devices) of one conversation; their ratchet tree has to fit into a welcome.
pub const MEMBERS: usize = 1024;
/// The most members that one commit adds.
pub const JOINS_PER_COMMIT: usize = 200;
/// The largest sealed vault.
pub const VAULT: usize = 16 * 1024;
/// The largest sealed account state.
pub const ACCOUNT_STATE: usize = 176 * 1024;
/// The largest signed head of an account's archive.
pub const ARCHIVE_HEAD: usize = 1024;
/// The largest sealed outline of a segment of the archive.
pub const ARCHIVE_OUTLINE: usize = 32 * 1024;
/// The largest sealed body of a segment: 512 KiB of padded records, and what sealing adds.
pub const ARCHIVE_BODY: usize = 520 * 1024;
/// The largest REST body of a change of an archive, in base64url.
pub const ARCHIVE_CHANGE: usize = 1024 * 1024;
/// The most segments of one account's archive.
pub const ARCHIVE_SEGMENTS: usize = 4096;
/// What the segments of one account's archive take together at most, outlines and bodies: 64 MiB.
pub const ARCHIVE: u64 = 64 * 1024 * 1024;
/// How many segments one page of an archive's list names at most.
pub const ARCHIVE_PAGE: usize = 64;
/// The most invitations that are good at the same time.
pub const INVITATIONS: usize = 1000;
/// How many newcomers one invitation may let in.
pub const INVITATION_USES: std::ops::RangeInclusive<u32> = 1..=1000;
/// The most bans at the same time.
pub const BANS: usize = 10_000;
/// The longest reason of a suspension or ban, in characters.
pub const REASON_CHARACTERS: usize = 200;
/// How many accounts, or entries of the audit log, one page holds at most.
pub const ADMINISTRATION_PAGE: usize = 200;
/// The most reports of one account that the server keeps at a time, closed ones among them.
pub const REPORTS: usize = 50;
/// The longest note of a report, and the longest answer to one, in characters.
pub const REPORT_TEXT_CHARACTERS: usize = 1000;
/// How long a report is kept behind its closing.
pub const REPORT_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// The shortest prefix of a banned network: of IPv4 (a 256th of all addresses), and of IPv6.
pub const BANNED_PREFIX: (u32, u32) = (8, 16);
/// The same of a network that a moderator bans.
pub const MODERATORS_BANNED_PREFIX: (u32, u32) = (16, 32);
/// The shortest and longest username, in characters.
pub const USERNAME_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=32;
/// The longest e-mail address.
pub const EMAIL: usize = 254;
/// The URL of a subscription to pushes, in bytes.
pub const PUSH_ENDPOINT: usize = 2048;
/// The most files that one message brings.
pub const FILES_PER_MESSAGE: usize = 32;
/// The largest file, as sealed, unless the server states otherwise: 8 GiB.
pub const FILE: u64 = 8 * 1024 * 1024 * 1024;
/// The largest body of one request that uploads a part of a file.
pub const FILE_REQUEST: usize = 8 * 1024 * 1024;
/// What arrived of a request that broke off is kept, if it is at least this many bytes.
pub const FILE_PART_KEPT: usize = 64 * 1024;
/// What a file counts for at least, where an account's files are measured.
pub const FILE_COUNTED: u64 = 256 * 1024;
/// The requests that an upload may take, beside one for each [`FILE_COUNTED`] of its length.
pub const FILE_REQUESTS: u64 = 64;
/// The most unfinished uploads of one account.
pub const UPLOADS: usize = 64;
/// The most locked messages of one account that wait.
pub const TIME_LOCKS: usize = 1000;
/// The window of unacknowledged entry bytes in flight to one connection.
pub const DELIVERY_WINDOW: usize = 512 * 1024;
/// The most submissions of one connection that wait for their answer.
pub const SUBMISSIONS_IN_FLIGHT: usize = 64;
/// The most entries that one page of a conversation's log holds.
pub const LOG_PAGE: usize = 500;

/// A client that has nothing to say sends a ping this often.
pub const HEARTBEAT: Duration = Duration::from_secs(25);
/// A side that heard nothing for this long ends the connection.
pub const SILENCE: Duration = Duration::from_secs(70);
/// How long an access token is valid.
pub const ACCESS_TOKEN: Duration = Duration::from_secs(15 * 60);
/// How long a code lets somebody onto the administration pages.
pub const VISIT_CODE: Duration = Duration::from_secs(60);
/// A visit to the administration pages that is not used for so long has ended.
pub const VISIT_IDLE: Duration = Duration::from_secs(30 * 60);
/// A visit to the administration pages lasts no longer.
pub const VISIT: Duration = Duration::from_secs(8 * 3600);
/// The longest time that an invitation is good for.
pub const INVITATION_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
/// The longest time after which a suspension or ban ends by itself; longer ones have no end.
pub const BAR_LIFE: Duration = Duration::from_secs(10 * 366 * 24 * 3600);
/// How long an undelivered message is kept, unless the server states otherwise.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long a file is kept that no message brings: from its last byte, finished or not.
pub const FILE_UNREFERENCED: Duration = Duration::from_secs(24 * 3600);
/// How long a file is kept behind the last message that brings it, unless the server states otherwise.
pub const FILE_RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);
/// How far ahead a message can be locked: ten years, with their leap days.
pub const TIME_LOCK_AHEAD: Duration = Duration::from_secs(3653 * 24 * 3600);
/// How long the share of a locked message is kept once it opens, at least; never for less than a message is.
pub const TIME_SHARE_KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// A client whose clock differs by more than this uses the server's time.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);
