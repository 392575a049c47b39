use std::time::Duration;

use huis_proto::rest::RegistrationPolicy;

use super::*;
use crate::config::Tls;

fn args(line: &[&str]) -> ServeArgs {
    let command = ServeArgs::augment_args(Command::new("serve"));
    let matches = command.try_get_matches_from(["serve"].iter().chain(line)).unwrap();
    ServeArgs::from_arg_matches(&matches).unwrap()
}

fn resolve(line: &[&str], environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    args(line).resolve_with(environment.iter().map(|(name, value)| (name.into(), value.into())))
}

fn folder_with(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    (folder, data)
}

#[test]
fn flags_beat_the_environment_and_the_environment_beats_the_file() {
    let (_folder, data) = folder_with("listen = \"127.0.0.1:1\"\nretention-days = 7\nidle-minutes = 30\n");
    let config = resolve(
        &["--data", &data, "--listen", "127.0.0.1:3"],
        &[("HUIS_LISTEN", "127.0.0.1:2"), ("HUIS_RETENTION_DAYS", "8")],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.retention, Duration::from_secs(8 * 24 * 3600));
    assert_eq!(config.idle_session, Duration::from_secs(30 * 60));
}

#[test]
fn without_any_source_the_defaults_hold() {
    let config = resolve(&[], &[("HOME", "/nowhere/at/all")]).unwrap();
    assert_eq!(config.data, Path::new("/nowhere/at/all/.local/share/huis-server"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.registration, RegistrationPolicy::Passphrase);
    let config = resolve(&[], &[("HOME", "/nowhere"), ("XDG_DATA_HOME", "/nowhere/else")]).unwrap();
    assert_eq!(config.data, Path::new("/nowhere/else/huis-server"));
}

#[test]
fn every_default_that_the_help_states_is_the_one_that_holds() {
    for setting in SETTINGS {
        let stated = setting.default;
        if (stated == "none" && setting.name != "bus") || stated.contains(' ') {
            continue;
        }
        let set = resolve(&[&format!("--{}", setting.name), stated], &[("HOME", "/nowhere")]).unwrap();
        let unset = resolve(&[], &[("HOME", "/nowhere")]).unwrap();
        assert_eq!(format!("{set:?}"), format!("{unset:?}"), "{}", setting.name);
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_what_may_have_been_meant() {
    let (_folder, data) = folder_with("# of mine\n\nlistn = \"127.0.0.1:1\"\n");
    let error = resolve(&["--data", &data], &[]).unwrap_err().to_string();
    assert!(error.contains("huis.toml, line 3") && error.contains("did you mean listen?"), "{error}");
}

#[test]
fn an_unknown_variable_is_refused_but_not_a_clients_or_strangers() {
    let error = resolve(&[], &[("HUIS_LISTE", "x")]).unwrap_err().to_string();
    assert!(error.contains("HUIS_LISTE") && error.contains("did you mean HUIS_LISTEN?"), "{error}");
    for fine in ["HUIS_PROFILE", "HUIS_PASSWORD", "HUIS_LONG", "HUIS_LANG", "HUISLISTEN", "PATH"] {
        assert!(resolve(&[], &[(fine, "x")]).is_ok(), "{fine}");
    }
}

#[test]
fn a_wrong_value_is_refused_with_its_place_and_what_would_be_right() {
    let (_folder, data) = folder_with("registration = \"open\"\nretention-days = 0\n");
    let error = resolve(&["--data", &data], &[]).unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("\"0\"") && error.contains("from 1 to 3650"), "{error}");
    for (name, value, right) in [
        ("listen", "8080", "127.0.0.1:8080"),
        ("tls", "on", "self-signed"),
        ("public-url", "chat.example.org", "https://chat.example.org"),
        ("public-url", "https://chat.example.org/path", "without a path"),
        ("registration", "everybody", "passphrase, open, invite or closed"),
        ("trusted-proxies", "10.0.0.0/8, proxy", "10.0.0.0/8"),
        ("log-level", "loud", "trace"),
        ("connections", "-1", "from 1"),
        ("file-size-mib", "800001", "from 1 to 800000"),
        ("minimum-client", "new", "a version such as 0.1.0"),
        ("minimum-client", "0.0.9", "0.1.0 or newer"),
    ] {
        let error = resolve(&[&format!("--{name}={value}")], &[]).unwrap_err().to_string();
        assert!(error.contains(&format!("flag --{name}")) && error.contains(right), "{error}");
    }
}

#[test]
fn a_wrong_secret_is_not_repeated() {
    let error = resolve(&[], &[("HUIS_ACCESS_PASSPHRASE", "too short")]).unwrap_err().to_string();
    assert!(error.contains("12 characters") && !error.contains("too short"), "{error}");
    for wrong in
        ["postgres://huis:s3cr3t@db.example.org/huis?sslmode=prefer", "mysql://huis:s3cr3t@db.example.org/huis"]
    {
        let error = resolve(&[], &[("HUIS_DATABASE", wrong)]).unwrap_err().to_string();
        assert!(error.contains("sqlite") && !error.contains("s3cr3t"), "{error}");
    }
    let (_folder, data) = folder_with("database = { url = \"postgres://huis:s3cr3t@db.example.org/huis\" }\n");
    let error = resolve(&["--data", &data], &[]).unwrap_err().to_string();
    assert!(error.contains("sqlite|URL") && !error.contains("s3cr3t"), "{error}");
}

#[test]
fn a_database_is_taken_and_its_password_is_not_shown() {
    let config = resolve(&[], &[("HUIS_DATABASE", "postgres://huis:s3cr3t@db.example.org/huis")]).unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("db.example.org") && !shown.contains("s3cr3t"), "{shown}");
    let config = resolve(&["--database", "sqlite"], &[("HUIS_DATABASE", "postgres://huis@localhost/huis")]).unwrap();
    assert!(config.database.is_none());
}

#[test]
fn a_bus_is_taken_with_what_it_needs_and_its_password_is_not_shown() {
    const BUS: (&str, &str) = ("HUIS_BUS", "redis://:s3cr3t@bus.example.org");
    let database = ("HUIS_DATABASE", "postgres://huis@localhost/huis");
    let words = ("HUIS_ACCESS_PASSPHRASE", "amber basket cedar");
    let blobs = ("HUIS_BLOBS", "s3://club");
    let shown = format!("{:?}", resolve(&[], &[BUS, database, blobs, words]).unwrap());
    assert!(shown.contains("bus.example.org") && !shown.contains("s3cr3t"), "{shown}");
    let alone = resolve(&[], &[BUS, words]).unwrap_err().to_string();
    assert!(alone.contains("database") && !alone.contains("s3cr3t"), "{alone}");
    let files_of_its_own = resolve(&[], &[BUS, database, words]).unwrap_err().to_string();
    assert!(files_of_its_own.contains("set blobs to one place"), "{files_of_its_own}");
    let words_of_its_own = resolve(&[], &[BUS, database, blobs]).unwrap_err().to_string();
    assert!(words_of_its_own.contains("access-passphrase"), "{words_of_its_own}");
    assert!(resolve(&["--registration", "invite"], &[BUS, database, blobs]).is_ok());
    let wrong = resolve(&[], &[("HUIS_BUS", "amqp://:s3cr3t@bus.example.org")]).unwrap_err().to_string();
    assert!(wrong.contains("redis://") && !wrong.contains("s3cr3t"), "{wrong}");
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    let (_folder, data) = folder_with("listen = \"127.0.0.1:1\"\nregistration = open\n");
    let error = resolve(&["--data", &data], &[]).unwrap_err().to_string();
    assert!(error.contains("huis.toml, line 2"), "{error}");
    let (_folder, data) = folder_with("[tls]\nmode = \"off\"\n");
    let error = resolve(&["--data", &data], &[]).unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("off|local|self-signed|files"), "{error}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let error = resolve(&["--config", "/nowhere/huis.toml"], &[]).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
}

#[test]
fn the_file_in_the_data_folder_cannot_name_another_folder() {
    let (_folder, data) = folder_with("data = \"/elsewhere\"\n");
    let error = resolve(&["--data", &data], &[]).unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("--config"), "{error}");
    let named = format!("{data}/{FILE_NAME}");
    assert_eq!(resolve(&["--config", &named], &[]).unwrap().data, Path::new("/elsewhere"));
}

#[test]
fn a_list_may_be_a_toml_list() {
    let (_folder, data) = folder_with("trusted-proxies = [\"10.0.0.0/8\", \"::1\"]\n");
    assert_eq!(resolve(&["--data", &data], &[]).unwrap().trusted_proxies.len(), 2);
}

#[test]
fn certificate_and_mode_must_fit_together() {
    let missing = resolve(&["--tls", "files", "--tls-certificate", "c.pem"], &[]).unwrap_err().to_string();
    assert!(missing.contains("tls-key"), "{missing}");
    let needless = resolve(&["--tls-key", "k.pem"], &[]).unwrap_err().to_string();
    assert!(needless.contains("tls = files"), "{needless}");
    let config = resolve(&["--tls", "files", "--tls-certificate", "c.pem", "--tls-key", "k.pem"], &[]).unwrap();
    assert_eq!(config.tls, Tls::Files { certificate: "c.pem".into(), key: "k.pem".into() });
}

#[test]
fn tls_alone_is_that_of_the_local_network_wherever_it_stands() {
    for line in
        [&["--tls"][..], &["--tls", "local"], &["--tls", "--listen", "127.0.0.1:3"], &["--log-level", "warn", "--tls"]]
    {
        assert_eq!(resolve(line, &[]).unwrap().tls, Tls::Local, "{line:?}");
    }
    assert_eq!(resolve(&["--tls", "self-signed"], &[]).unwrap().tls, Tls::SelfSigned);
    assert_eq!(resolve(&["--tls=off"], &[("HUIS_TLS", "local")]).unwrap().tls, Tls::Off);
}

#[test]
fn the_help_explains_every_setting_with_its_default_and_its_names() {
    let help = ServeArgs::augment_args(Command::new("serve")).render_help().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for setting in SETTINGS {
        assert!(help.contains(&format!("--{}", setting.name)), "{}", setting.name);
        assert!(help.contains(&format!("[default: {}]", setting.default)), "{}", setting.name);
        assert!(help.contains(&setting.variable()), "{}", setting.name);
    }
}
