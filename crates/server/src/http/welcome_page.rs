//! What a browser shows of a server that was built without the web app: how to join.

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;

use super::docs::escaped;
use crate::state::App;
use huis_proto::rest::RegistrationPolicy;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(welcome))
}

/// The access passphrase behind `#` never reaches the server: the page can only say that it stands there.
async fn welcome(State(app): State<App>) -> Html<String> {
    let url = app.config.public_url.as_deref().map_or("URL".into(), escaped);
    let (who, command) = match app.settings.registration() {
        RegistrationPolicy::Passphrase => (
            "Whoever knows its access passphrase can join. It stands in the link that you were given, behind the #. \
             Whoever was invited types --invitation and the code in its place.",
            format!("huis register NAME --server {url} --access-passphrase PASSPHRASE"),
        ),
        RegistrationPolicy::Open => ("Anybody can join.", format!("huis register NAME --server {url}")),
        RegistrationPolicy::Invite => (
            "It takes newcomers by invitation: CODE is what you were given by whoever invited you.",
            format!("huis register NAME --server {url} --invitation CODE"),
        ),
        RegistrationPolicy::Closed => ("It takes no newcomers.", format!("huis login NAME --server {url}")),
    };
    let hint = if app.config.public_url.is_some() {
        "NAME is the name that you choose."
    } else {
        "NAME is the name that you choose, URL the address of this page up to its third slash."
    };
    Html(format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Huis</title>\n<h1>This is a Huis server</h1>\n<p>What is said here is readable by its members' devices alone. {who}</p>\n\
         <p>Type in a terminal:</p>\n<pre>{command}</pre>\n<p>{hint}</p>\n\
         <p>This server was built without the web app, so there is nothing to chat with in a browser here.</p>\n<p><a href=\"/api/v1/docs\">The server's interface</a></p>\n</html>\n"
    ))
}
