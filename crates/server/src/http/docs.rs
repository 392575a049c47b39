//! The interface's description (OpenAPI 3.1), generated from the handlers, and a page that shows it. The page is
//! written by the server: it needs no script and asks nobody else for anything. Both are made when the first one asks.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use http::HeaderName;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::{Map, Value};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use super::problem::Refusal;
use super::resources::Description;
use crate::state::App;

/// The frame of the description; the routers add the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Huis",
        description = "The interface of a Huis server. Requests are signed in with a bearer token (or the web app's cookie), but for \
                       those of registration and sign-in. Bytes are base64url without padding, identifiers 32 lower-case hexadecimal digits, \
                       times milliseconds since 1970 by the server's clock. Refusals are problem documents (RFC 9457) with a stable `code`. \
                       Messages travel over the WebSocket `/api/v1/ws`, subprotocol `huis.v1`: every WebSocket message is binary and holds a \
                       CBOR sequence of frames, each a map with one entry, the frame's name and its fields; docs/protocol.md describes them.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later")
    ),
    components(schemas(huis_proto::Problem, huis_proto::ErrorCode, huis_proto::MessageId)),
    security(("bearer" = []), ("cookie" = [])),
    modifiers(&SignedIn)
)]
pub(super) struct Api;

struct SignedIn;

impl Modify for SignedIn {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-huis"));
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    }
}

impl IntoResponses for Refusal {
    fn responses() -> std::collections::BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let problem = utoipa::openapi::Ref::from_schema_name(huis_proto::Problem::name());
        let response = ResponseBuilder::new()
            .description("Refused; the code says why.")
            .content("application/problem+json", ContentBuilder::new().schema(Some(problem)).build())
            .build();
        [("default".to_owned(), response.into())].into()
    }
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
    code,pre{font:.9rem ui-monospace,monospace}h2{margin-top:2.5rem}section{border-top:1px solid #ccc;padding:.5rem 0}\
    dt{font-family:ui-monospace,monospace}dd{margin:0 0 .3rem 1.5rem}b{display:inline-block;min-width:4.5rem}\
    @media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}a{color:#8cf}}";

/// The description in its two forms, once somebody asked for it.
struct Docs {
    description: Description,
    written: OnceLock<Written>,
}

struct Written {
    json: Bytes,
    page: Bytes,
}

impl Docs {
    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let api = self.description.write(Api::openapi());
            let json = Bytes::from(api.to_json().unwrap_or_default());
            let page = serde_json::to_value(api).map(|api| page(&api)).unwrap_or_default();
            Written { json, page: Bytes::from(page) }
        })
    }
}

pub(super) fn routes(description: Description) -> Router<App> {
    let for_json = Arc::new(Docs { description, written: OnceLock::new() });
    let for_page = for_json.clone();
    let json_type: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];
    let policy: [(HeaderName, &str); 1] = [(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    )];
    let style_type: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "text/css; charset=utf-8")];
    Router::new()
        .route(
            "/api/v1/openapi.json",
            get(move || async move { (json_type, for_json.written().json.clone()).into_response() }),
        )
        .route(
            "/api/v1/docs",
            get(move || async move { (policy, Html(for_page.written().page.clone())).into_response() }),
        )
        .route("/api/v1/docs.css", get(move || async move { (style_type, STYLE).into_response() }))
}

/// The text with the characters that HTML reads written out.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(api: &Value) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Huis: the server's interface</title><link rel=\"stylesheet\" href=\"/api/v1/docs.css\">\n<h1>The server's interface</h1>\n",
    );
    let _ = writeln!(html, "<p>{}</p>", prose(&api["info"]["description"]));
    html.push_str(
        "<p>The same for programs: <a href=\"/api/v1/openapi.json\">openapi.json</a></p>\n<h2>Requests</h2>\n",
    );
    for (path, methods) in members(&api["paths"]) {
        for (method, operation) in members(methods) {
            request(&mut html, path, method, operation);
        }
    }
    html.push_str("<h2>Forms</h2>\n");
    for (name, schema) in members(&api["components"]["schemas"]) {
        let _ = writeln!(html, "<section id=\"{0}\"><h3>{0}</h3>", escaped(name));
        let _ = writeln!(html, "<p>{}</p>", prose(&schema["description"]));
        fields(&mut html, schema);
        html.push_str("</section>\n");
    }
    html.push_str("</html>\n");
    html
}

fn request(html: &mut String, path: &str, method: &str, operation: &Value) {
    let method = escaped(&method.to_uppercase());
    let _ = writeln!(html, "<section><h3><b>{method}</b> <code>{}</code></h3>", escaped(path));
    let _ = writeln!(html, "<p>{} {}</p><dl>", prose(&operation["summary"]), prose(&operation["description"]));
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = prose(&parameter["name"]);
        let _ = writeln!(
            html,
            "<dt>{name}</dt><dd>{} {}</dd>",
            form(&parameter["schema"]),
            prose(&parameter["description"])
        );
    }
    for (_, content) in members(&operation["requestBody"]["content"]) {
        let _ = writeln!(html, "<dt>body</dt><dd>{}</dd>", form(&content["schema"]));
    }
    for (status, response) in members(&operation["responses"]) {
        let forms: Vec<String> = members(&response["content"]).map(|(_, content)| form(&content["schema"])).collect();
        let text = format!("{} {}", forms.join(" "), prose(&response["description"]));
        let _ = writeln!(html, "<dt>{}</dt><dd>{text}</dd>", escaped(status));
    }
    html.push_str("</dl></section>\n");
}

fn fields(html: &mut String, schema: &Value) {
    html.push_str("<dl>");
    for part in std::iter::once(schema).chain(schema["allOf"].as_array().into_iter().flatten()) {
        for (name, field) in members(&part["properties"]) {
            let _ =
                writeln!(html, "<dt>{}</dt><dd>{} {}</dd>", escaped(name), form(field), prose(&field["description"]));
        }
    }
    for value in schema["enum"].as_array().into_iter().flatten() {
        let _ = writeln!(html, "<dt>{}</dt>", prose(value));
    }
    html.push_str("</dl>");
}

/// A schema in a few words, with a link where it has a name.
fn form(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", form(items));
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(forms) = schema[several].as_array() {
            return forms.iter().map(form).collect::<Vec<_>>().join(" or ");
        }
    }
    match &schema["type"] {
        Value::Array(types) => types.iter().map(prose).collect::<Vec<_>>().join(" or "),
        kind => prose(kind),
    }
}

fn prose(value: &Value) -> String {
    value.as_str().map(escaped).unwrap_or_default()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}
