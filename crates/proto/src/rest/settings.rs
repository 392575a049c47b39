//! Settings of a server that its administrators change while it runs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A setting that can be changed while the server runs; `GET /api/v1/admin/settings` lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingInfo {
    /// Its name, as `huis serve --help` explains it.
    pub name: String,
    /// What counts.
    pub value: String,
    /// What counts where it was not changed: by flag, environment or file, or the default, as this node has it.
    pub configured: String,
    /// The values that it can have; none where it is a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Of a number the least that it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u32>,
    /// Of a number the most that it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
    /// The username of who changed it; none where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
    /// When that was, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
}

/// `PUT /api/v1/admin/settings/{setting}`; answers with [`SettingInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeSetting {
    /// The value from here on, as in the configuration.
    pub value: String,
}
