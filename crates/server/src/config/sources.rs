//! Where settings come from: flags over environment over `huis.toml`. What is unknown or wrong is refused with its
//! place and what would be right.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueHint};
use toml::de::{DeTable, DeValue};

use super::Config;
use super::settings::{Draft, SETTINGS, Setting};

/// The arguments of `huis serve`, for the command line's parser. Its help explains every setting with its default.
#[derive(Debug, Clone, Default)]
pub struct ServeArgs {
    config: Option<PathBuf>,
    values: BTreeMap<&'static str, String>,
}

/// A configuration that is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{place}: {reason}")]
    Syntax {
        /// File and line.
        place: String,
        /// What the parser says.
        reason: String,
    },
    /// There is no such setting.
    #[error("{place}: there is no setting {name}{hint}; `huis serve --help` explains all")]
    Unknown {
        /// File and line, or the environment.
        place: String,
        /// What was found.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// A setting's value is wrong.
    #[error("{place}: {name} is {value:?}: {reason}")]
    Value {
        /// Flag, environment, or file and line.
        place: String,
        /// The setting.
        name: String,
        /// Its value, or dots for a secret.
        value: String,
        /// What would be right.
        reason: String,
    },
    /// Settings don't fit together.
    #[error("the settings don't fit together: {0}")]
    Together(String),
}

/// Variables with our prefix that are not the server's: those of clients, tests and the build.
const OTHERS_VARIABLES: &[&str] =
    &["HUIS_CONFIG", "HUIS_PROFILE", "HUIS_PASSWORD", "HUIS_LANG", "HUIS_LONG", "HUIS_SERVER", "HUIS_WEB_DIST"];
const OTHERS_PREFIXES: &[&str] = &["HUIS_TEST_", "HUIS_BENCH_"];

/// The file with settings in the data folder.
pub(crate) const FILE_NAME: &str = "huis.toml";

impl ServeArgs {
    /// The flags of commands that look after a server and do not start it: where its data is, and its settings.
    pub fn of_folder(data: Option<&str>, config: Option<PathBuf>) -> Self {
        Self { config, values: data.map(|data| ("data", data.to_owned())).into_iter().collect() }
    }

    /// The configuration from these flags, the environment and the file.
    ///
    /// # Errors
    /// [`ConfigError`] names the place of what is wrong.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        self.resolve_with(std::env::vars_os())
    }

    /// As [`resolve`](Self::resolve), with another environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the place of what is wrong.
    pub fn resolve_with(
        &self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Config, ConfigError> {
        let environment = server_variables(environment)?;
        let mut draft = Draft::new(Config::in_folder(default_folder(&environment)));
        let from_environment = |draft: &mut Draft, setting: &Setting| match environment.get(&setting.variable()) {
            Some(value) => taken(draft, setting, value, &format!("environment variable {}", setting.variable())),
            None => Ok(()),
        };
        let from_flags = |draft: &mut Draft, setting: &Setting| match self.values.get(setting.name) {
            Some(value) => taken(draft, setting, value, &format!("flag --{}", setting.name)),
            None => Ok(()),
        };
        // The folder first, for it says where the file is.
        for setting in SETTINGS.iter().filter(|setting| setting.name == "data") {
            from_environment(&mut draft, setting)?;
            from_flags(&mut draft, setting)?;
        }
        let named = self.config.clone().or_else(|| environment.get("HUIS_CONFIG").map(PathBuf::from));
        match named {
            Some(path) => from_file(&mut draft, &path, &read(&path)?, true)?,
            None => {
                let path = draft.data().join(FILE_NAME);
                match read(&path) {
                    Ok(text) => from_file(&mut draft, &path, &text, false)?,
                    Err(ConfigError::Unreadable { error, .. }) if is_absent(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        for setting in SETTINGS {
            from_environment(&mut draft, setting)?;
            from_flags(&mut draft, setting)?;
        }
        draft.finish().map_err(ConfigError::Together)
    }
}

impl Args for ServeArgs {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help("The file with settings [default: huis.toml in the data folder] [env: HUIS_CONFIG]");
        SETTINGS.iter().map(Setting::argument).fold(command.arg(file), Command::arg)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if let Some(path) = matches.get_one::<String>("config") {
            self.config = Some(path.into());
        }
        for setting in SETTINGS {
            if let Some(value) = matches.get_one::<String>(setting.name) {
                self.values.insert(setting.name, value.clone());
            }
        }
        Ok(())
    }
}

impl Setting {
    fn argument(&self) -> Arg {
        let help = format!(
            "{} [default: {}] [env: {}] [{FILE_NAME}: {}]",
            self.explanation,
            self.default,
            self.variable(),
            self.name
        );
        let argument = Arg::new(self.name).long(self.name).value_name(self.takes).help(help);
        match self.alone() {
            Some(value) => argument.num_args(0..=1).default_missing_value(value),
            None => argument,
        }
    }

    /// What the flag means without a value, if it means anything.
    fn alone(&self) -> Option<&'static str> {
        (self.name == "tls").then_some("local")
    }

    fn is_secret(&self) -> bool {
        matches!(self.name, "access-passphrase" | "bus" | "database")
    }
}

fn default_folder(environment: &BTreeMap<String, String>) -> PathBuf {
    const FOLDER: &str = "huis-server";
    let set = |name| environment.get(name).filter(|value| Path::new(value).is_absolute());
    if let Some(base) = set("XDG_DATA_HOME") {
        return Path::new(base).join(FOLDER);
    }
    match set("HOME") {
        Some(home) => Path::new(home).join(".local/share").join(FOLDER),
        None => FOLDER.into(),
    }
}

/// The variables that concern the server. An unknown one with our prefix is refused: it is a setting with a typing
/// mistake, which would otherwise silently not be set.
fn server_variables(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut found = BTreeMap::new();
    for (name, value) in environment {
        let Ok(name) = name.into_string() else { continue };
        let ours = name.starts_with("HUIS_");
        let known = SETTINGS.iter().any(|setting| setting.variable() == name);
        let others =
            OTHERS_VARIABLES.contains(&name.as_str()) || OTHERS_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        if ours && !known && !others {
            let names = SETTINGS.iter().map(Setting::variable);
            let hint = hint(&name, names);
            return Err(ConfigError::Unknown { place: "environment".into(), name, hint });
        }
        if !(ours || name == "HOME" || name == "XDG_DATA_HOME") {
            continue;
        }
        match value.into_string() {
            Ok(value) => found.insert(name, value),
            Err(value) if known => {
                let is_secret = SETTINGS.iter().any(|setting| setting.variable() == name && setting.is_secret());
                return Err(ConfigError::Value {
                    place: format!("environment variable {name}"),
                    name,
                    value: if is_secret { "…".into() } else { value.to_string_lossy().into_owned() },
                    reason: "expected text in UTF-8".into(),
                });
            }
            Err(_) => continue,
        };
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.into(), error })
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn from_file(draft: &mut Draft, path: &Path, text: &str, may_name_folder: bool) -> Result<(), ConfigError> {
    let place = |offset: usize| {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        format!("{}, line {line}", path.display())
    };
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: place(error.span().map_or(0, |span| span.start)),
        reason: error.message().into(),
    })?;
    for (key, value) in table.get_ref() {
        let place = place(key.span().start);
        let name = key.get_ref().as_ref();
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let hint = hint(name, SETTINGS.iter().map(|setting| setting.name.to_owned()));
            return Err(ConfigError::Unknown { place, name: name.into(), hint });
        };
        if setting.name == "data" && !may_name_folder {
            return Err(ConfigError::Value {
                place,
                name: name.into(),
                value: text.get(value.span()).unwrap_or_default().into(),
                reason:
                    "this file lies in the data folder; name another folder by --data or in a file given by --config"
                        .into(),
            });
        }
        let Some(value) = as_text(value.get_ref()) else {
            return Err(ConfigError::Value {
                place,
                name: name.into(),
                value: if setting.is_secret() { "…" } else { text.get(value.span()).unwrap_or_default() }.into(),
                reason: format!("expected {}", setting.takes),
            });
        };
        taken(draft, setting, &value, &place)?;
    }
    Ok(())
}

/// A plain value, or a list of texts with commas between.
fn as_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().into()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(|item| item.get_ref().as_str()).collect();
            Some(items?.join(","))
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn taken(draft: &mut Draft, setting: &Setting, value: &str, place: &str) -> Result<(), ConfigError> {
    setting.apply(draft, value).map_err(|reason| ConfigError::Value {
        place: place.into(),
        name: setting.name.into(),
        value: if setting.is_secret() { "…".into() } else { value.into() },
        reason,
    })
}

/// The name that is nearest to what was found, if it is near enough for a typing mistake.
fn hint(found: &str, names: impl Iterator<Item = String>) -> String {
    names
        .map(|name| (distance(found, &name), name))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map_or_else(String::new, |(_, name)| format!(" (did you mean {name}?)"))
}

/// How many letters must be put in, taken out or changed to make one text of the other (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, from) in one.bytes().enumerate() {
        let mut next = vec![line + 1];
        for ((to, above), pair) in other.bytes().zip(&row[1..]).zip(&row) {
            let left = next.last().copied().unwrap_or(line);
            next.push((above + 1).min(left + 1).min(pair + usize::from(from != to)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
