//! moto, an emulation of S3 in Python, at one pinned version: for the tests of blobs alone.

use std::path::PathBuf;

use crate::checkout::{Checkout, check, output};

const VERSION: &str = "5.2.5";

pub(crate) const WHAT_NEEDS_IT: &str = "the tests of blobs on S3";

/// Tells the tests which Python has it.
pub(crate) const VARIABLE: &str = "HUIS_TEST_MOTO";

/// Installs it below the shared build folder, in an environment of its own.
pub(crate) fn install(checkout: &Checkout) -> anyhow::Result<()> {
    if is_there(checkout) {
        return Ok(());
    }
    println!("Installing moto {VERSION}, an emulation of S3 for tests.");
    let mut make = checkout.command_with("python3", &["-m", "venv", "--clear"]);
    make.arg(folder(checkout));
    check(make)?;
    let mut install = checkout.command(python(checkout));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        &format!("moto[server]=={VERSION}"),
    ]);
    check(install)
}

/// Whether the tests that need it can run.
pub(crate) fn is_there(checkout: &Checkout) -> bool {
    let mut proof = checkout.command(python(checkout));
    proof.args(["-c", "import boto3, moto.server; print(moto.__version__)"]);
    output(proof).is_ok_and(|said| said == VERSION)
}

/// The Python that has it.
pub(crate) fn python(checkout: &Checkout) -> PathBuf {
    folder(checkout).join("bin/python")
}

fn folder(checkout: &Checkout) -> PathBuf {
    checkout.target().join("tools/moto")
}
