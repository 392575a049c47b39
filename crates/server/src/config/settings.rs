//! The one table of settings. Flag, environment variable and key of `huis.toml` all come from it.

use std::path::PathBuf;
use std::time::Duration;

use huis_blobs::{PIECE_MAX, PIECES_MAX};
use huis_proto::beacon::NotAChain;
use huis_proto::rest::{RegistrationPolicy, Secret};
use huis_proto::versions::{MINIMUM_CLIENT, Version};

use super::values::{MIB, address, count, filled, mebibytes, networks, public_url, truth};
use super::{Config, LogFormat, PushEndpoints, Tls};

/// The largest file that the blobs can keep, in the largest pieces.
const MOST_FILE_MIB: u32 = (PIECES_MAX as u64 * PIECE_MAX as u64 / MIB) as u32;

/// A setting: `--name`, `HUIS_NAME` and `name = …`.
pub(super) struct Setting {
    pub name: &'static str,
    /// What the value is, for the help.
    pub takes: &'static str,
    /// What the help says of the default.
    pub default: &'static str,
    pub explanation: &'static str,
    /// Takes the value over, or says what would be right.
    apply: fn(&mut Draft, &str) -> Result<(), String>,
}

/// A configuration whose settings are not yet checked against each other.
pub(super) struct Draft {
    config: Config,
    tls: TlsMode,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TlsMode {
    Off,
    Local,
    SelfSigned,
    Files,
}

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "data",
        takes: "FOLDER",
        default: "$XDG_DATA_HOME/huis-server, or ~/.local/share/huis-server",
        explanation: "The one folder that holds the server's keys and database",
        apply: |draft, value| {
            draft.config.data = filled(value)?.into();
            Ok(())
        },
    },
    Setting {
        name: "database",
        takes: "sqlite|URL",
        default: "sqlite",
        explanation: "Where everything but the keys is kept: sqlite (a file in the data folder), or postgres://USER:PASSWORD@HOST/DATABASE. \
                      The way to another machine is TLS, checked against the usual authorities or those in the file that \
                      ?sslrootcert=FILE names; ?sslmode=disable leaves it out. A flag can be seen by other users of the machine, so \
                      prefer the environment or huis.toml where there is a password",
        apply: |draft, value| {
            draft.config.database = match value {
                "sqlite" => None,
                value => Some(value.parse().map_err(|wrong| format!("{wrong}; or sqlite"))?),
            };
            Ok(())
        },
    },
    Setting {
        name: "bus",
        takes: "none|URL",
        default: "none",
        explanation: "Where the nodes of one server tell each other what happened and count together: redis://USER:PASSWORD@HOST, \
                      rediss:// over TLS (checked against the usual authorities or those in the file that ?sslrootcert=FILE names), or \
                      redis+unix:///PATH; Redis 6 or newer, or Valkey. It needs a database that the nodes share. Prefer the environment \
                      or huis.toml where there is a password",
        apply: |draft, value| {
            draft.config.bus = match value {
                "none" => None,
                value => Some(value.parse().map_err(|wrong| format!("{wrong}; or none"))?),
            };
            Ok(())
        },
    },
    Setting {
        name: "listen",
        takes: "ADDRESS:PORT",
        default: "127.0.0.1:8080",
        explanation: "Where to listen; 0.0.0.0:8080 for all of a machine's addresses, port 0 for any free one",
        apply: |draft, value| {
            draft.config.listen = address(value)?;
            Ok(())
        },
    },
    Setting {
        name: "tls",
        takes: "off|local|self-signed|files",
        default: "off",
        explanation: "How connections are protected: off (behind a proxy, or on this machine alone), local (what --tls alone means: an \
                      authority is made once, which phones and browsers of the local network are given; the server then renews its \
                      certificate by itself), self-signed (a certificate is made once, clients pin its fingerprint; browsers refuse \
                      it), files (tls-certificate and tls-key, read again when they change)",
        apply: |draft, value| {
            draft.tls = match value {
                "off" => TlsMode::Off,
                "local" => TlsMode::Local,
                "self-signed" => TlsMode::SelfSigned,
                "files" => TlsMode::Files,
                _ => return Err("expected off, local, self-signed or files".into()),
            };
            Ok(())
        },
    },
    Setting {
        name: "tls-certificate",
        takes: "FILE",
        default: "none",
        explanation: "With tls = files: the certificate with its chain (PEM)",
        apply: |draft, value| {
            draft.certificate = Some(filled(value)?.into());
            Ok(())
        },
    },
    Setting {
        name: "tls-key",
        takes: "FILE",
        default: "none",
        explanation: "With tls = files: the certificate's private key (PEM)",
        apply: |draft, value| {
            draft.key = Some(filled(value)?.into());
            Ok(())
        },
    },
    Setting {
        name: "public-url",
        takes: "URL",
        default: "where it listens",
        explanation: "How clients reach this server, such as https://chat.example.org",
        apply: |draft, value| {
            draft.config.public_url = Some(public_url(value)?);
            Ok(())
        },
    },
    Setting {
        name: "registration",
        takes: "passphrase|open|invite|closed",
        default: "passphrase",
        explanation: "Who may register: whoever knows the access passphrase or was invited, anybody, whoever was invited, nobody",
        apply: |draft, value| {
            draft.config.registration = match value {
                "passphrase" => RegistrationPolicy::Passphrase,
                "open" => RegistrationPolicy::Open,
                "invite" => RegistrationPolicy::Invite,
                "closed" => RegistrationPolicy::Closed,
                _ => return Err("expected passphrase, open, invite or closed".into()),
            };
            Ok(())
        },
    },
    Setting {
        name: "access-passphrase",
        takes: "WORDS",
        default: "new words at every start",
        explanation: "The access passphrase, at least 12 characters; a flag can be seen by other users of the machine, so prefer the \
                      environment or huis.toml",
        apply: |draft, value| {
            if value.trim().chars().count() < 12 {
                return Err("expected at least 12 characters".into());
            }
            draft.config.access_passphrase = Some(Secret::new(value.trim()));
            Ok(())
        },
    },
    Setting {
        name: "trusted-proxies",
        takes: "NETWORKS",
        default: "none",
        explanation: "Addresses or networks, with commas between, whose X-Forwarded-For is believed",
        apply: |draft, value| {
            draft.config.trusted_proxies = networks(value)?;
            Ok(())
        },
    },
    Setting {
        name: "ignore-network-bans",
        takes: "true|false",
        default: "false",
        explanation: "Whether bans of addresses and networks are left aside, so that who was locked out by one comes in again \
                      and lifts it",
        apply: |draft, value| {
            draft.config.ignore_network_bans = truth(value)?;
            Ok(())
        },
    },
    Setting {
        name: "ignore-changed-settings",
        takes: "true|false",
        default: "false",
        explanation: "Whether settings that administrators have changed while the server ran are left aside, so that what is \
                      configured counts",
        apply: |draft, value| {
            draft.config.ignore_changed_settings = truth(value)?;
            Ok(())
        },
    },
    Setting {
        name: "metrics-listen",
        takes: "ADDRESS:PORT|off",
        default: "off",
        explanation: "Where to give metrics in Prometheus' form; not for the outside world",
        apply: |draft, value| {
            draft.config.metrics_listen = match value {
                "off" => None,
                value => Some(address(value)?),
            };
            Ok(())
        },
    },
    Setting {
        name: "push-endpoints",
        takes: "public|any|none",
        default: "public",
        explanation: "Where devices that are away are woken by Web Push: at push services of the public Internet, which browsers name; \
                      any also lets them name addresses of the local network, for a push service of one's own; none sends nothing. \
                      What is sent holds nothing of a message",
        apply: |draft, value| {
            draft.config.push_endpoints = match value {
                "public" => PushEndpoints::Public,
                "any" => PushEndpoints::Any,
                "none" => PushEndpoints::None,
                _ => return Err("expected public, any or none".into()),
            };
            Ok(())
        },
    },
    Setting {
        name: "beacon-urls",
        takes: "URL,…|none",
        default: "https://api.drand.sh",
        explanation: "Where the rounds of the public randomness beacon are asked for, by which messages open later without trust in this \
                      server: several URLs with commas between them are tried one behind the other. It is asked where a device asks \
                      this server, which browsers have to; with none, devices of terminals ask by themselves alone",
        apply: |draft, value| {
            draft.config.beacon.urls = match value {
                "none" => Vec::new(),
                value => value.split(',').map(public_url).collect::<Result<_, _>>()?,
            };
            Ok(())
        },
    },
    Setting {
        name: "beacon-chain",
        takes: "HASH:PUBLIC-KEY:GENESIS:PERIOD",
        default: "drand's quicknet",
        explanation: "The beacon's chain, of the kind bls-unchained-g1-rfc9380, where it is not drand's own; devices have to be set to the \
                      same one",
        apply: |draft, value| {
            draft.config.beacon.chain = value.parse().map_err(|wrong: NotAChain| wrong.to_string())?;
            Ok(())
        },
    },
    Setting {
        name: "log-format",
        takes: "text|json",
        default: "text",
        explanation: "The form of log lines, which go to the standard error output",
        apply: |draft, value| {
            draft.config.log_format = match value {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err("expected text or json".into()),
            };
            Ok(())
        },
    },
    Setting {
        name: "log-level",
        takes: "LEVEL",
        default: "info",
        explanation: "What is logged: off, error, warn, info, debug or trace",
        apply: |draft, value| {
            if !["off", "error", "warn", "info", "debug", "trace"].contains(&value) {
                return Err("expected off, error, warn, info, debug or trace".into());
            }
            draft.config.log_level = value.into();
            Ok(())
        },
    },
    Setting {
        name: "log-addresses",
        takes: "true|false",
        default: "false",
        explanation: "Whether the request log, which is written at level debug, names clients' addresses",
        apply: |draft, value| {
            draft.config.log_addresses = truth(value)?;
            Ok(())
        },
    },
    Setting {
        name: "retention-days",
        takes: "DAYS",
        default: "90",
        explanation: "How long an undelivered message is kept",
        apply: |draft, value| {
            let days: u32 = count(value, 1, 3650)?;
            draft.config.retention = Duration::from_secs(u64::from(days) * 24 * 3600);
            Ok(())
        },
    },
    Setting {
        name: "time-confirmed-by",
        takes: "FILE",
        default: "whoever starts the server",
        explanation: "What confirms that the machine's clock is right, before locked messages open: a file that its time \
                      synchronisation has touched within the last hour, as /run/systemd/timesync/synchronized",
        apply: |draft, value| {
            draft.config.time_confirmed_by = Some(value.into());
            Ok(())
        },
    },
    Setting {
        name: "blobs",
        takes: "FOLDER|URL",
        default: "the folder blobs in the data folder",
        explanation: "Where the ciphertext of files is kept: a folder, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME for storage that \
                      speaks S3, with its keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Several nodes need one that they share",
        apply: |draft, value| {
            draft.config.blobs = Some(value.parse()?);
            Ok(())
        },
    },
    Setting {
        name: "file-size-mib",
        takes: "MIB",
        default: "8192",
        explanation: "The largest file, in units of 1,048,576 bytes",
        apply: |draft, value| {
            draft.config.files.most_bytes = u64::from(count(value, 1, MOST_FILE_MIB)?) * MIB;
            Ok(())
        },
    },
    Setting {
        name: "file-quota-mib",
        takes: "MIB",
        default: "10240",
        explanation: "What one account's files may take together: those that its messages bring, and its uploads",
        apply: |draft, value| {
            draft.config.files.quota = mebibytes(value, 0)?;
            Ok(())
        },
    },
    Setting {
        name: "files-total-mib",
        takes: "MIB",
        default: "none",
        explanation: "What the files of all accounts may take together. In a folder keep-free-mib guards the disk without it; storage \
                      that speaks S3 has no other bound",
        apply: |draft, value| {
            draft.config.files.total = Some(mebibytes(value, 0)?);
            Ok(())
        },
    },
    Setting {
        name: "file-retention-days",
        takes: "DAYS",
        default: "90",
        explanation: "How long a file is kept behind each message that brings it",
        apply: |draft, value| {
            let days: u32 = count(value, 1, 3650)?;
            draft.config.files.retention = Duration::from_secs(u64::from(days) * 24 * 3600);
            Ok(())
        },
    },
    Setting {
        name: "keep-free-mib",
        takes: "MIB",
        default: "1024, or 5 % of a smaller disk",
        explanation: "What uploads leave free on the disk where files are kept",
        apply: |draft, value| {
            draft.config.files.keep_free = Some(mebibytes(value, 0)?);
            Ok(())
        },
    },
    Setting {
        name: "idle-minutes",
        takes: "MINUTES",
        default: "15",
        explanation: "When a session ends that nothing refreshes, unless its person chose to stay signed in",
        apply: |draft, value| {
            let minutes: u32 = count(value, 5, 7 * 24 * 60)?;
            draft.config.idle_session = Duration::from_secs(u64::from(minutes) * 60);
            Ok(())
        },
    },
    Setting {
        name: "minimum-client",
        takes: "VERSION",
        default: "0.1.0",
        explanation: "The oldest client of Huis that is served; older ones are told to install a newer version. Clients that state no \
                      version, and those of other makers, are served",
        apply: |draft, value| {
            let version = value.parse::<Version>().map_err(|error| error.to_string())?;
            if version < MINIMUM_CLIENT {
                return Err(format!(
                    "expected {MINIMUM_CLIENT} or newer: this server does not understand older clients"
                ));
            }
            draft.config.minimum_client = version;
            Ok(())
        },
    },
    Setting {
        name: "connections",
        takes: "NUMBER",
        default: "10000",
        explanation: "The most connections at once; further ones are closed",
        apply: |draft, value| {
            draft.config.connections.total = count(value, 1, 1_000_000)? as usize;
            Ok(())
        },
    },
    Setting {
        name: "connections-per-address",
        takes: "NUMBER",
        default: "512",
        explanation: "The most connections at once from one address (IPv6: /64), but for trusted proxies",
        apply: |draft, value| {
            draft.config.connections.per_address = count(value, 1, 1_000_000)? as usize;
            Ok(())
        },
    },
    Setting {
        name: "requests-per-second",
        takes: "NUMBER",
        default: "100",
        explanation: "Requests from one address (IPv6: /64); five times as many may come at once",
        apply: |draft, value| {
            draft.config.rates.requests_per_second = count(value, 1, 1_000_000)?;
            Ok(())
        },
    },
    Setting {
        name: "guesses-per-minute",
        takes: "NUMBER",
        default: "20",
        explanation: "Attempts at one name's password; from one address (IPv6: /64) ten times as many, at passwords, passphrases and codes",
        apply: |draft, value| {
            draft.config.rates.guesses_per_minute = count(value, 1, 1_000_000)?;
            Ok(())
        },
    },
    Setting {
        name: "lookups-per-minute",
        takes: "NUMBER",
        default: "300",
        explanation: "Look-ups of other accounts by one account",
        apply: |draft, value| {
            draft.config.rates.lookups_per_minute = count(value, 1, 1_000_000)?;
            Ok(())
        },
    },
    Setting {
        name: "key-package-claims-per-minute",
        takes: "NUMBER",
        default: "300",
        explanation: "Claims of others' key packages by one account: one for each account that is invited",
        apply: |draft, value| {
            draft.config.rates.key_package_claims_per_minute = count(value, 1, 1_000_000)?;
            Ok(())
        },
    },
];

/// The configuration with another value of one setting, which is no secret and needs no other one.
pub(super) fn with_value(config: &Config, name: &str, value: &str) -> Result<Config, String> {
    let setting = SETTINGS.iter().find(|setting| setting.name == name).ok_or("there is no such setting")?;
    let mut draft = Draft::new(config.clone());
    setting.apply(&mut draft, value)?;
    refuse_passphrases_of_their_own(&draft.config)?;
    Ok(draft.config)
}

fn refuse_passphrases_of_their_own(config: &Config) -> Result<(), String> {
    let by_passphrase = config.registration == RegistrationPolicy::Passphrase;
    if config.bus.is_some() && by_passphrase && config.access_passphrase.is_none() {
        return Err(
            "each of several nodes would make an access passphrase of its own: set access-passphrase, the same for all, \
             or another registration"
                .into(),
        );
    }
    Ok(())
}

impl Setting {
    /// The environment variable's name.
    pub(super) fn variable(&self) -> String {
        format!("HUIS_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// Takes the value over, or says what would be right.
    pub(super) fn apply(&self, draft: &mut Draft, value: &str) -> Result<(), String> {
        (self.apply)(draft, value)
    }
}

impl Draft {
    pub(super) fn new(defaults: Config) -> Self {
        Self { config: defaults, tls: TlsMode::Off, certificate: None, key: None }
    }

    pub(super) fn data(&self) -> &std::path::Path {
        &self.config.data
    }

    /// The configuration, if its settings fit together.
    pub(super) fn finish(self) -> Result<Config, String> {
        let Self { mut config, tls, certificate, key } = self;
        config.tls = match (tls, certificate, key) {
            (TlsMode::Files, Some(certificate), Some(key)) => Tls::Files { certificate, key },
            (TlsMode::Files, _, _) => {
                return Err("tls = files needs tls-certificate and tls-key as well".into());
            }
            (TlsMode::Off, None, None) => Tls::Off,
            (TlsMode::Local, None, None) => Tls::Local,
            (TlsMode::SelfSigned, None, None) => Tls::SelfSigned,
            _ => return Err("tls-certificate and tls-key need tls = files".into()),
        };
        if config.bus.is_some() && config.database.is_none() {
            return Err(
                "a bus is for several nodes, which need a database that they share: set database as well".into()
            );
        }
        if config.bus.is_some() && config.blobs.is_none() {
            return Err(
                "each of several nodes would keep the files that come to it in a folder of its own: set blobs to \
                        one place for all"
                    .into(),
            );
        }
        refuse_passphrases_of_their_own(&config)?;
        if config.metrics_listen.is_some_and(|metrics| metrics == config.listen && metrics.port() != 0) {
            return Err("listen and metrics-listen are the same address; give metrics a port of their own".into());
        }
        Ok(config)
    }
}
