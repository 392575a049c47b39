//! Settings that can be changed while the server runs: listed, set, and given back to the configuration.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use huis_proto::rest::{ChangeSetting, SettingInfo};
use huis_store::{Acted, NewOverride, Override};

use super::actions::Action;
use super::{Allowed, finished};
use crate::config::{CHANGING, Changing, Config, Values};
use crate::http::json::{JsonBody, UrlPath};
use crate::http::problem::Refusal;
use crate::http::resources::{OpenApiRouter, routes};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(set, reset))
}

/// The settings that can be changed while the server runs, as a list.
#[utoipa::path(
    get,
    path = "/api/v1/admin/settings",
    tag = "administration",
    responses((status = 200, body = [SettingInfo]), Refusal)
)]
async fn list(
    State(app): State<App>,
    _: Allowed<{ Action::ListSettings as usize }>,
) -> Result<Json<Vec<SettingInfo>>, Refusal> {
    let set = app.store.overrides().await?;
    Ok(Json(CHANGING.iter().map(|setting| info(setting, &app.config, &set)).collect()))
}

/// Sets one, which counts at once, on every node and after a start too, in place of what is configured.
#[utoipa::path(
    put,
    path = "/api/v1/admin/settings/{setting}",
    tag = "administration",
    params(("setting" = String, Path)),
    request_body = ChangeSetting,
    responses((status = 200, body = SettingInfo), Refusal)
)]
async fn set(
    State(app): State<App>,
    asker: Allowed<{ Action::SetSetting as usize }>,
    UrlPath(name): UrlPath<String>,
    JsonBody(request): JsonBody<ChangeSetting>,
) -> Result<Json<SettingInfo>, Refusal> {
    let setting = named(&name)?;
    if app.config.ignore_changed_settings {
        return Err(Refusal::bad_request(
            "This server was started with ignore-changed-settings: start it without, and change its settings then.",
        ));
    }
    let changed = setting.set(&app.config, request.value.trim());
    let changed = changed.map_err(|wrong| Refusal::bad_request(format!("{}: {wrong}.", setting.name)))?;
    let new = NewOverride {
        name: setting.name.into(),
        value: (setting.read)(&changed),
        configured: (setting.read)(&app.config),
    };
    let act = async move {
        match app.store.put_override(asker.act(app.clock.now_ms()), new).await? {
            // Somebody else may have set it a moment ago.
            Acted::Unchanged => {}
            acted => asker.done(acted, String::new)?,
        }
        app.hub.settings_changed().await;
        Ok(info(setting, &app.config, &app.store.overrides().await?))
    };
    finished(act).await.map(Json)
}

/// Gives one back to what is configured.
#[utoipa::path(
    delete,
    path = "/api/v1/admin/settings/{setting}",
    tag = "administration",
    params(("setting" = String, Path)),
    responses((status = 204), Refusal)
)]
async fn reset(
    State(app): State<App>,
    asker: Allowed<{ Action::ResetSetting as usize }>,
    UrlPath(name): UrlPath<String>,
) -> Result<StatusCode, Refusal> {
    let setting = named(&name)?;
    let configured = (setting.read)(&app.config);
    let act = async move {
        let acted = app.store.drop_override(asker.act(app.clock.now_ms()), setting.name, &configured).await?;
        asker.done(acted, || format!("{} is as it is configured already.", setting.name))?;
        app.hub.settings_changed().await;
        Ok(StatusCode::NO_CONTENT)
    };
    finished(act).await
}

fn named(name: &str) -> Result<&'static Changing, Refusal> {
    let names = || CHANGING.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ");
    let missing =
        || Refusal::not_found(format!("No such setting can be changed while the server runs; there are {}.", names()));
    Changing::named(name).ok_or_else(missing)
}

fn info(setting: &Changing, config: &Config, overrides: &[Override]) -> SettingInfo {
    let configured = (setting.read)(config);
    // What is not good here, or left aside, does not count here.
    let set = overrides.iter().find(|set| set.name == setting.name);
    let counts = set.filter(|set| !config.ignore_changed_settings && setting.set(config, &set.value).is_ok());
    let (choices, least, most) = match setting.values {
        Values::OneOf(values) => (values.iter().map(|value| (*value).to_owned()).collect(), None, None),
        Values::Numbers(least, most) => (Vec::new(), Some(least), Some(most)),
    };
    SettingInfo {
        name: setting.name.into(),
        value: counts.map_or_else(|| configured.clone(), |set| set.value.clone()),
        configured,
        choices,
        least,
        most,
        set_by: set.map(|set| set.set_by.clone()),
        since_ms: set.map(|set| set.since_ms),
    }
}
