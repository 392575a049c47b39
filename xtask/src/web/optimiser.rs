//! `wasm-opt` of the npm package binaryen, at one pinned version: the last tenth of a module's size.

use std::path::Path;

use anyhow::Context;

use crate::checkout::{Checkout, check, output};

const PACKAGE: &str = "binaryen@132.0.0";
/// What the compiler takes for granted in a browser.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// The module, made smaller. Without npm it stays as it is, which is said.
pub(super) fn smaller(checkout: &Checkout, wasm: Vec<u8>, folder: &Path) -> anyhow::Result<Vec<u8>> {
    let tools = checkout.target().join("tools").join(PACKAGE);
    let program = tools.join("node_modules/.bin/wasm-opt");
    if !program.exists() {
        if output(checkout.command_with("npm", &["--version"])).is_err() {
            println!("NOTE: npm is missing, so the web app stays about a tenth larger than it might be.");
            return Ok(wasm);
        }
        let mut install = checkout.command_with("npm", &["install", "--no-audit", "--no-fund", "--prefix"]);
        check({
            install.arg(&tools).arg(PACKAGE);
            install
        })?;
    }
    let (before, after) = (folder.join("before.wasm"), folder.join("after.wasm"));
    std::fs::write(&before, &wasm).with_context(|| format!("cannot write {}", before.display()))?;
    let mut optimise = checkout.command(&program);
    optimise.args(["-Oz"]).args(FEATURES).arg(&before).arg("-o").arg(&after);
    check(optimise)?;
    std::fs::read(&after).with_context(|| format!("cannot read {}", after.display()))
}
