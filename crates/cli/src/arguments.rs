//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use huis_server::ServeArgs;

use crate::commands::{
    accounts, admin, backup, contacts, conversations, devices, files, history, identity, invitations, locks, marks,
    migrate_store, opening, password,
};
use crate::commands::{
    profile, quiet, receive, recovery_key, reports, restore, rooms, second_factor, send, time_locks, web_hash,
};

/// A self-hosted messenger whose conversations only their members can read
///
/// Exit codes: 0 done; 1 failed, with one line on the standard error output that says what, why and what to do; 2 wrong
/// usage; 3 timed out; 130 stopped by Ctrl-C. The word in brackets at the end of that line names the reason and does not
/// change: scripts can decide on it.
#[derive(Debug, Parser)]
#[command(name = "huis", version, max_term_width = 100, disable_help_subcommand = false, propagate_version = false)]
pub(crate) struct Huis {
    /// The folder that holds everything of this device [default: $XDG_DATA_HOME/huis/default, or
    /// ~/.local/share/huis/default]
    #[arg(long, global = true, value_name = "FOLDER", env = "HUIS_PROFILE", value_hint = clap::ValueHint::DirPath)]
    pub(crate) profile: Option<PathBuf>,

    /// Print one JSON object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: HuisCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HuisCommand {
    Serve(Box<Serve>),
    Backup(backup::Backup),
    Restore(restore::Restore),
    MigrateStore(migrate_store::MigrateStore),
    Chat(Box<crate::commands::chat::Chat>),
    Register(accounts::Register),
    Login(accounts::Login),
    Recover(accounts::Recover),
    Password(password::Password),
    RecoveryKey(recovery_key::RecoveryKey),
    SecondFactor(second_factor::SecondFactor),
    Identity(identity::Identity),
    Lock(locks::Lock),
    Unlock(locks::Unlock),
    Logout(accounts::Logout),
    Whoami(accounts::WhoAmI),
    Send(send::Send),
    Receive(receive::Receive),
    React(marks::React),
    Edit(marks::Edit),
    Delete(marks::Delete),
    Pin(marks::Pin),
    Unpin(marks::Unpin),
    Pins(marks::Pins),
    Forward(marks::Forward),
    Open(opening::Open),
    Files(files::Files),
    Locks(time_locks::Locks),
    Room(rooms::Room),
    Conversations(conversations::Conversations),
    Requests(conversations::Requests),
    Search(conversations::Search),
    Receipts(conversations::Receipts),
    Report(reports::Report),
    Block(contacts::Block),
    Unblock(contacts::Unblock),
    Verify(contacts::Verify),
    Mute(quiet::Mute),
    Unmute(quiet::Unmute),
    Notify(quiet::Notify),
    Archive(quiet::Archive),
    Unarchive(quiet::Unarchive),
    Profile(profile::Profile),
    Preferences(profile::Preferences),
    Devices(devices::Devices),
    History(history::History),
    Invitations(invitations::Invitations),
    Admin(admin::Admin),
    Status(devices::Status),
    Notices(devices::Notices),
    WebHash(web_hash::WebHash),
    Completions(Completions),
    Man(Man),
}

/// Start the server
///
/// Settings come from flags, over environment variables, over huis.toml in the data folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Try everything that a start needs, say what is wrong and what to do, and end; nothing is started or changed
    ///
    /// A line each, that begins with ok, warning or fault. The exit code is 1 if there is a fault.
    #[arg(long)]
    pub(crate) check: bool,

    #[command(flatten)]
    pub(crate) settings: ServeArgs,
}

/// Print a script that completes commands in a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    pub(crate) shell: Shell,
}

/// Write the manual pages into a folder
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// The folder, which is made where it is missing
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
}

impl HuisCommand {
    /// The command's name, for what is said about it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Serve(_) => "serve",
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::MigrateStore(_) => "migrate-store",
            Self::Chat(_) => "chat",
            Self::Register(_) => "register",
            Self::Login(_) => "login",
            Self::Recover(_) => "recover",
            Self::Password(_) => "password",
            Self::RecoveryKey(_) => "recovery-key",
            Self::SecondFactor(_) => "second-factor",
            Self::Identity(_) => "identity",
            Self::Lock(_) => "lock",
            Self::Unlock(_) => "unlock",
            Self::Logout(_) => "logout",
            Self::Whoami(_) => "whoami",
            Self::Send(_) => "send",
            Self::Receive(_) => "receive",
            Self::React(_) => "react",
            Self::Edit(_) => "edit",
            Self::Delete(_) => "delete",
            Self::Pin(_) => "pin",
            Self::Unpin(_) => "unpin",
            Self::Pins(_) => "pins",
            Self::Files(_) => "files",
            Self::Locks(_) => "locks",
            Self::Forward(_) => "forward",
            Self::Open(_) => "open",
            Self::Room(_) => "room",
            Self::Conversations(_) => "conversations",
            Self::Requests(_) => "requests",
            Self::Search(_) => "search",
            Self::Receipts(_) => "receipts",
            Self::Report(_) => "report",
            Self::Block(_) => "block",
            Self::Unblock(_) => "unblock",
            Self::Verify(_) => "verify",
            Self::Mute(_) => "mute",
            Self::Unmute(_) => "unmute",
            Self::Notify(_) => "notify",
            Self::Archive(_) => "archive",
            Self::Unarchive(_) => "unarchive",
            Self::Profile(_) => "profile",
            Self::Preferences(_) => "preferences",
            Self::Devices(_) => "devices",
            Self::History(_) => "history",
            Self::Invitations(_) => "invitations",
            Self::Admin(_) => "admin",
            Self::Status(_) => "status",
            Self::Notices(_) => "notices",
            Self::WebHash(_) => "web-hash",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn parses(line: &str) -> Result<Huis, clap::Error> {
        let words = shell_words(line);
        Huis::try_parse_from(words)
    }

    /// Words with single quotes, which is all that the lines below need.
    fn shell_words(line: &str) -> Vec<String> {
        line.split('\'')
            .enumerate()
            .flat_map(|(number, part)| match number % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn the_commands_fit_together() {
        Huis::command().debug_assert();
    }

    #[test]
    fn every_documented_line_is_understood() {
        for line in [
            "huis register member-a --server http://127.0.0.1:8080",
            "huis register member-a --server https://chat.example --email a@example.org --access-passphrase 'six words'",
            "huis register member-a --server http://127.0.0.1:8080 --claim 1234-5678 --password-stdin",
            "huis login member-a --server http://127.0.0.1:8080 --password-stdin",
            "huis recover member-a --server http://127.0.0.1:8080",
            "huis recover member-a --server http://127.0.0.1:8080 --password-stdin",
            "huis password",
            "huis password --end-other-sessions --password-stdin",
            "huis password --recovery-key-only",
            "huis password --under-password --recovery-key-stdin",
            "huis register member-a --server http://127.0.0.1:8080 --recovery-key-only",
            "huis login member-a --server http://127.0.0.1:8080 --password-stdin --recovery-key-stdin",
            "huis identity renew",
            "huis identity renew --password-stdin --json",
            "huis lock",
            "huis lock --password-stdin",
            "huis unlock",
            "huis unlock --password-stdin",
            "huis send @member-b Hello",
            "huis send @member-b -",
            "huis send @member-b",
            "huis send '#lobby' 'Good morning'",
            &format!("huis send {ID} Hello --timeout 5"),
            "huis send @member-b -- -5",
            &format!("huis send @member-b Yes --reply-to {ID}"),
            "huis send @member-b --file roses.jpg",
            "huis send @member-b 'Two of them' --file roses.jpg tulips.jpg --keep-metadata",
            "huis send @member-b --file roses.jpg -- Look",
            "huis send @member-b Later --unlock-at 2h",
            "huis send @member-b Later --unlock-at 2h --trust drand",
            "huis send @member-b Later --unlock-at 2026-12-31T09:00+01:00",
            "huis send @member-b --file roses.jpg --unlock-at 31:12:2026:09:00:00",
            "huis locks list --json",
            &format!("huis locks withdraw {ID}"),
            "huis files list",
            "huis files list @member-b --json",
            &format!("huis files get {ID}:1 --to ."),
            "huis files get --all --to /tmp/files",
            "huis files get --all --in @member-b --to /tmp/files --timeout 5",
            &format!("huis react {ID} 👍"),
            &format!("huis react {ID} --remove"),
            &format!("huis edit {ID} 'Good evening'"),
            &format!("huis edit {ID} -"),
            &format!("huis edit {ID}"),
            &format!("huis delete {ID} --timeout 5"),
            &format!("huis pin {ID}"),
            &format!("huis unpin {ID}"),
            "huis pins '#club' --json",
            &format!("huis forward {ID} @member-b"),
            "huis room topic club 'What we read'",
            "huis room topic club",
            "huis room timer club 7d",
            "huis room timer @member-b 30s --from sending",
            "huis room timer '#club' off",
            "huis send @member-b Psst --view-once",
            &format!("huis open {ID}"),
            "huis search draft from:member-b in:#club after:2026-01-01 before:2026-12-31 has:link has:mention",
            "huis receive",
            "huis receive --follow",
            "huis receive --follow --json --count 3 --timeout 10",
            "huis receive --timeout 2.5",
            "huis receive --follow --lock-after 15m",
            "huis room create club",
            "huis room create club --open",
            "huis room create club @member-b @member-c",
            "huis room list",
            "huis room join lobby",
            "huis room join '#lobby'",
            "huis room invite club @member-b member-c",
            "huis room members '#club' --json",
            "huis room remove club @member-b",
            "huis room role club admin @member-b",
            "huis room title club 'Book club'",
            "huis room leave club",
            "huis conversations",
            "huis requests",
            "huis requests accept @member-b",
            "huis requests decline '#club'",
            &format!("huis requests block {ID}"),
            "huis search draft",
            "huis search two words --most 5",
            "huis register member-a --server http://127.0.0.1:8080 --invitation 0123456789abcdef",
            "huis invitations create",
            "huis invitations create --uses 5 --expires 2d --json",
            "huis invitations list",
            &format!("huis invitations revoke {ID}"),
            "huis admin kick @member-b",
            "huis admin accounts list --search mem --most 5 --json",
            "huis admin accounts list --role moderator",
            "huis admin accounts list --suspended",
            "huis admin accounts show @member-b",
            "huis admin accounts end-sessions member-b",
            "huis admin accounts suspend @member-b --reason 'Too loud' --for 7d",
            "huis admin accounts lift member-b",
            "huis admin accounts role @member-b administrator",
            "huis admin accounts delete @member-b --yes",
            "huis admin bans list",
            "huis admin bans add --name @member-b --reason Spam",
            "huis admin bans add --network 2001:db8::/32 --reason Flood --for 1d",
            &format!("huis admin bans lift {ID}"),
            "huis admin reports list",
            "huis admin reports list --state closed --most 5 --json",
            &format!("huis admin reports show {ID}"),
            &format!("huis admin reports take {ID}"),
            &format!("huis admin reports close {ID} --as dismissed --answer 'It is a joke'"),
            "huis report @member-b --as spam",
            &format!("huis report {ID} --as illegal --reveal --note 'Please look'"),
            "huis report list --json",
            "huis admin audit list --after 5 --most 3",
            "huis admin audit list --before 5",
            "huis admin settings list --json",
            "huis admin settings set registration invite",
            "huis admin settings reset registration",
            "huis admin audit verify",
            &format!("huis admin audit verify --known 12:{ID}{ID}"),
            "huis admin audit export audit.jsonl",
            "huis admin passphrase --json",
            "huis admin stop",
            "huis devices",
            &format!("huis devices revoke {ID}"),
            "huis history",
            "huis history status --json",
            "huis history on",
            "huis history on --password-stdin --recovery-key-stdin --json",
            "huis history off",
            "huis whoami --json",
            "huis logout",
            "huis logout --force --password-stdin",
            "huis logout --local",
            "huis block @member-b",
            "huis unblock member-b",
            "huis verify @member-b",
            "huis verify @member-b --accept-change",
            "huis mute '#club'",
            "huis mute @member-b --for 8h",
            "huis mute @member-b --until-undone",
            "huis unmute @member-b",
            "huis notify '#club' mentions",
            "huis notify @member-b none",
            "huis archive '#club'",
            "huis unarchive club",
            "huis profile",
            "huis profile --name 'Zoe of the Hill' --about 'I climb'",
            "huis profile --picture me.png",
            "huis profile --no-picture --name ''",
            "huis preferences",
            "huis preferences --read-receipts off --presence on",
            "huis status",
            "huis status --wait",
            "huis notices",
            &format!("huis receipts {ID}"),
            "huis chat",
            "huis chat --server http://127.0.0.1:8080 --lang fr --theme 16 --pictures off --bell off --notify on --lock-after 10",
            "huis serve",
            "huis serve --data /tmp/x --listen 127.0.0.1:0",
            "huis backup /tmp/x.backup",
            "huis backup /tmp/x.backup --data /tmp/x --passphrase",
            "huis backup /tmp/x.backup --passphrase-file -",
            "huis backup /tmp/x.backup --recipient age1a --recipient age1b --json",
            "huis backup --make-key /tmp/x.key",
            "huis restore /tmp/x.backup --data /tmp/y",
            "huis restore /tmp/x.backup --key-file /tmp/x.key",
            "huis restore /tmp/x.backup --passphrase-file -",
            "huis restore --mint-incarnation --data /tmp/x",
            "huis serve --check --data /tmp/x --json",
            "huis migrate-store --from sqlite --to postgres://huis@localhost/huis --data /tmp/x",
            "huis migrate-store --from postgres://huis@localhost/huis --to sqlite:/tmp/y/huis.db --data /tmp/x --json",
            "huis completions bash",
            "huis man /tmp/man",
        ] {
            if let Err(error) = parses(line) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn the_profile_and_json_stand_before_or_after_the_command() {
        for line in [
            "huis --profile /p --json whoami",
            "huis whoami --profile /p --json",
            "huis --json room --profile /p list",
            "huis room list --json --profile=/p",
        ] {
            let huis = parses(line).unwrap();
            assert_eq!(huis.profile, Some("/p".into()), "{line}");
            assert!(huis.json, "{line}");
        }
    }

    #[test]
    fn wrong_usage_ends_with_two() {
        for line in [
            "huis",
            "huis nonsense",
            "huis send",
            "huis send somebody Hello",
            "huis send @",
            "huis send @member-b one two",
            "huis send @member-b Yes --reply-to 12",
            "huis react 12 x",
            &format!("huis react {ID}"),
            &format!("huis react {ID} x --remove"),
            "huis edit",
            "huis delete 12",
            "huis pins",
            &format!("huis forward {ID}"),
            "huis room topic",
            "huis room timer club",
            "huis room timer club 29s",
            "huis room timer club 366d",
            "huis room timer club 30.5",
            "huis room timer club 1h --from birth",
            "huis open",
            "huis register member-a",
            "huis register member-a --server chat.example",
            "huis recover --server http://127.0.0.1:8080",
            "huis recover member-a",
            "huis password secret",
            "huis password --recovery-key-only --under-password",
            "huis identity",
            "huis lock now",
            "huis register member-a --server ftp://chat.example",
            "huis register member-a --server https://chat.example/path",
            "huis receive --count none",
            "huis receive --count 0",
            "huis receive --timeout soon",
            "huis receive --timeout -1",
            "huis receive --follow --lock-after 0",
            "huis room",
            "huis room create",
            "huis room invite club",
            "huis room role club king @member-b",
            "huis requests accept",
            "huis search",
            "huis invitations",
            "huis invitations create --uses 0",
            "huis invitations create --uses 1001",
            "huis invitations create --expires 91d",
            "huis invitations create --expires 0.5",
            "huis invitations revoke 12",
            "huis admin",
            "huis admin kick",
            "huis admin accounts",
            "huis admin accounts suspend member-b",
            "huis admin accounts suspend member-b --reason x --for 0s",
            "huis admin accounts role member-b owner",
            "huis admin accounts delete member-b",
            "huis admin accounts list --role moderator --suspended",
            "huis admin bans add --reason x",
            "huis admin bans add --name a --network 198.51.100.1 --reason x",
            "huis admin bans lift 12",
            "huis admin reports list --state lost",
            "huis admin reports show 12",
            "huis admin reports close 0123456789abcdef0123456789abcdef",
            "huis report",
            "huis report @member-b",
            "huis report member-b --as spam",
            "huis report @member-b --as rude",
            "huis admin audit verify --known 12",
            "huis admin audit export",
            "huis admin audit list --before 3 --after 1",
            "huis admin settings set registration",
            "huis admin settings reset",
            "huis admin stop now",
            "huis devices revoke 12",
            "huis history maybe",
            "huis history off --password-stdin",
            "huis receipts 12",
            "huis completions cobol",
            "huis chat --lang nl",
            "huis chat --theme pink",
            "huis chat --lock-after 0",
            "huis chat somebody",
            "huis verify @member-b --forget --accept-change",
            "huis verify @member-b --number 12345",
            "huis mute",
            "huis mute @member-b --for 0",
            "huis mute @member-b --for 8h --until-undone",
            "huis notify @member-b",
            "huis notify @member-b some",
            "huis archive",
            "huis profile --picture me.png --no-picture",
            "huis preferences --presence maybe",
            "huis serve --no-such-setting 1",
            "huis backup",
            "huis backup /tmp/x --passphrase --recipient age1a",
            "huis backup /tmp/x --make-key --passphrase-file -",
            "huis restore",
            "huis restore /tmp/x --key-file a --passphrase-file b",
            "huis restore /tmp/x --mint-incarnation",
            "huis restore --mint-incarnation --key-file a",
        ] {
            match parses(line) {
                Ok(_) => panic!("{line} was taken"),
                Err(error) => assert_eq!(error.exit_code(), 2, "{line}"),
            }
        }
    }

    #[test]
    fn help_ends_with_zero() {
        for line in ["huis --help", "huis help send", "huis help serve", "huis room --help", "huis --version"] {
            assert_eq!(parses(line).unwrap_err().exit_code(), 0, "{line}");
        }
    }
}
