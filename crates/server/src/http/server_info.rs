//! What a client must know before anything else.

use axum::Json;
use axum::extract::State;
use huis_proto::rest::{FileTerms, ServerInfo};
use huis_proto::{Bytes, limits};

use super::resources::{OpenApiRouter, routes};
use crate::state::App;

pub(super) fn routes() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(server_info))
}

/// What this server is, and who may register.
#[utoipa::path(get, path = "/api/v1/server", security(()), tag = "server", responses((status = 200, body = ServerInfo)))]
async fn server_info(State(app): State<App>) -> Json<ServerInfo> {
    Json(ServerInfo {
        version: env!("CARGO_PKG_VERSION").into(),
        oldest_client: app.config.minimum_client.to_string(),
        registration: app.settings.registration(),
        incarnation: app.incarnation,
        server_time_ms: app.clock.now_ms(),
        retention_s: app.config.retention.as_secs(),
        files: Some(FileTerms {
            most_bytes: app.config.files.most_bytes,
            unreferenced_s: limits::FILE_UNREFERENCED.as_secs(),
            retention_s: app.config.files.retention.as_secs(),
        }),
        push_key: app.push.key().map(|key| Bytes(key.to_vec())),
    })
}
