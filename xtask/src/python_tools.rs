//! Programs in Python that tests are run against, each at one pinned version: other people's half of a protocol.

use std::path::PathBuf;

use crate::checkout::{Checkout, check, output};

/// A package, in an environment of its own below the shared build folder.
pub(crate) struct PythonTool {
    name: &'static str,
    /// As `pip` is asked for it, without its version.
    package: &'static str,
    version: &'static str,
    what: &'static str,
    /// Prints the version, if what the tests need is there.
    proof: &'static str,
    pub(crate) what_needs_it: &'static str,
    /// Tells the tests which Python has it.
    pub(crate) variable: &'static str,
}

pub(crate) const ALL: [PythonTool; 2] = [
    PythonTool {
        name: "moto",
        package: "moto[server]",
        version: "5.2.5",
        what: "an emulation of S3",
        proof: "import boto3, moto.server; print(moto.__version__)",
        what_needs_it: "the tests of blobs on S3",
        variable: "HUIS_TEST_MOTO",
    },
    PythonTool {
        name: "tuspy",
        package: "tuspy",
        version: "1.1.0",
        what: "another maker's client for uploads",
        proof: "import importlib.metadata, tusclient.client; print(importlib.metadata.version('tuspy'))",
        what_needs_it: "the test of uploads by another maker's client",
        variable: "HUIS_TEST_TUSPY",
    },
];

impl PythonTool {
    /// Installs it.
    pub(crate) fn install(&self, checkout: &Checkout) -> anyhow::Result<()> {
        if self.is_there(checkout) {
            return Ok(());
        }
        println!("Installing {} {}, {}, for tests.", self.name, self.version, self.what);
        let mut make = checkout.command_with("python3", &["-m", "venv", "--clear"]);
        make.arg(self.folder(checkout));
        check(make)?;
        let mut install = checkout.command(self.python(checkout));
        let wanted = format!("{}=={}", self.package, self.version);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &wanted]);
        check(install).inspect_err(|_| {
            // A Python without it is not found by the tests, which say then that they did not run.
            let _ = std::fs::remove_dir_all(self.folder(checkout));
        })
    }

    /// Whether the tests that need it can run.
    pub(crate) fn is_there(&self, checkout: &Checkout) -> bool {
        let mut proof = checkout.command(self.python(checkout));
        proof.args(["-c", self.proof]);
        output(proof).is_ok_and(|said| said == self.version)
    }

    /// The Python that has it.
    pub(crate) fn python(&self, checkout: &Checkout) -> PathBuf {
        self.folder(checkout).join("bin/python")
    }

    fn folder(&self, checkout: &Checkout) -> PathBuf {
        checkout.target().join("tools").join(self.name)
    }
}
