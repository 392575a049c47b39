//! `huis admin settings`.

use clap::Subcommand;
use huis_proto::rest::{ChangeSetting, SettingInfo};
use huis_texts::{readable, rfc3339, safe_line};
use huis_views::AdministrativeMethod::{Delete, Get, Put};
use serde::Serialize;
use serde::de::IgnoredAny;

use super::asking::{asks, asks_with, encoded};
use crate::commands::Context;
use crate::outcome::Outcome;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Settings {
    /// List the settings that can be changed while the server runs, with what counts and what is configured
    List,
    /// Change a setting, at once, on every node and after a start too
    Set {
        /// Its name, as the list shows it
        #[arg(value_name = "NAME")]
        name: String,
        /// Its value, as `huis serve --help` explains it
        #[arg(value_name = "VALUE")]
        value: String,
    },
    /// Have what is configured count again
    Reset {
        /// The setting's name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Serialize)]
struct SettingLine<'a> {
    name: &'a str,
    value: &'a str,
    configured: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl<'a> From<&'a SettingInfo> for SettingLine<'a> {
    fn from(setting: &'a SettingInfo) -> Self {
        Self {
            name: &setting.name,
            value: &setting.value,
            configured: &setting.configured,
            set_by: setting.set_by.as_deref(),
            since: setting.since_ms.map(rfc3339),
        }
    }
}

impl Settings {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List => {
                let asked = async |session: &mut Session| asks(session, Get, "settings".into()).await;
                let settings: Vec<SettingInfo> = context.with_session(asked).await?;
                settings.iter().try_for_each(|setting| print(context, setting))
            }
            Self::Set { name, value } => {
                let (path, wish) = (path(&name), ChangeSetting { value });
                let asked = async |session: &mut Session| asks_with(session, Put, path, Some(&wish)).await;
                let setting: SettingInfo = context.with_session(asked).await?;
                print(context, &setting)
            }
            Self::Reset { name } => {
                let path = path(&name);
                context.with_session(async |session| asks::<IgnoredAny>(session, Delete, path).await).await?;
                Ok(())
            }
        }
    }
}

fn path(name: &str) -> String {
    format!("settings/{}", encoded(name))
}

fn print(context: &Context, setting: &SettingInfo) -> Outcome {
    context.printer.thing(&SettingLine::from(setting), || for_people(setting))
}

fn for_people(setting: &SettingInfo) -> String {
    let (name, value) = (safe_line(&setting.name), safe_line(&setting.value));
    match (&setting.set_by, setting.since_ms) {
        (Some(by), Some(since)) => {
            let (configured, by) = (safe_line(&setting.configured), safe_line(by));
            format!("{name} = {value}  (configured: {configured}; changed by {by}, {})", readable(since))
        }
        _ => format!("{name} = {value}"),
    }
}
