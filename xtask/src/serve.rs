//! From a fresh clone to a running server.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;

use crate::checkout::{Checkout, check};
use crate::setup::{self, Purpose};
use crate::web;

/// Builds the optimised binary and becomes `huis serve`, in the folder where the person stands.
pub(crate) fn serve(checkout: &Checkout, args: &[String]) -> anyhow::Result<()> {
    setup::prepare(checkout, Purpose::Build)?;
    if let Err(error) = web::prepare(checkout).and_then(|()| web::build(checkout, web::Kind::Optimised)) {
        println!("NOTE: the server will not have the web app. {error:#}");
    }
    check(build(checkout))?;

    let huis = checkout.target().join("release/huis");
    let mut server = Command::new(&huis);
    server.arg("serve").args(args);
    checkout.set_build_environment(&mut server);
    // Replacing this process, so that signals reach the server itself.
    Err(server.exec()).with_context(|| format!("cannot start {}", huis.display()))
}

/// The command that builds the optimised binary.
pub(crate) fn build(checkout: &Checkout) -> Command {
    let mut cargo = checkout.cargo(["build", "--locked", "--release", "--package", "huis", "--bin", "huis"]);
    if web::is_built(checkout, web::Kind::Optimised) {
        cargo.env(web::VARIABLE, web::folder(checkout, web::Kind::Optimised));
    } else {
        cargo.env_remove(web::VARIABLE);
    }
    cargo
}
