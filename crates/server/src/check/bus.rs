//! The bus between nodes: whether it answers, and does what is asked of it.

use super::Said;
use super::scene::Scene;
use crate::bus::RedisBus;

pub(super) async fn look(scene: &Scene<'_>) -> Vec<Said> {
    let Some(address) = &scene.config.bus else {
        return vec![Said::ok("none; this node is alone")];
    };
    vec![match RedisBus::answers(address).await {
        Ok(true) => Said::ok(format!("{address} answers")),
        Ok(false) => Said::warning(
            format!("{address} does not answer"),
            "check that it runs, its address, and the way there: until then nodes look at the database for what is new",
        ),
        Err(reason) => Said::fault(format!("{address}: {reason}"), "docs/scaling.md says what the bus has to allow"),
    }]
}
