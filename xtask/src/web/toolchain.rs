//! Which compiler makes the browser's code: rustup's, with the standard library for the browser, or Debian's, which
//! brings the sources of it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::TARGET;
use crate::checkout::{Checkout, check, output};

/// A compiler, and the C compiler beside it that SQLCipher is built with.
pub(super) struct Toolchain {
    rust: Rust,
    clang: String,
    ar: String,
}

enum Rust {
    /// The Rust in use has the browser's standard library.
    Own,
    /// Debian's compiler builds the browser's standard library from its sources.
    Debian { linker: String },
}

/// Debian's compiler, and the sources of its standard library.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
/// Its packages; clang and archiver are needed with rustup's compiler too.
const DEBIAN_C: [&str; 2] = ["clang-22", "llvm-22"];
/// Where there are none of that number: enough beside rustup's compiler, which links by itself.
const ANY_C: [&str; 2] = ["clang", "llvm"];
const DEBIAN_RUST: [&str; 3] = ["rustc-web", "rust-web-src", "lld-22"];

impl Toolchain {
    /// The one that is there.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn find(checkout: &Checkout) -> anyhow::Result<Self> {
        let find = |names: &[&str], what| {
            let found = names.iter().find(|name| output(checkout.command_with(name, &["--version"])).is_ok());
            found.map(|name| (*name).to_owned()).with_context(|| format!("{what} is missing"))
        };
        let clang = find(&["clang-22", "clang"], "clang, which compiles the database's C for the browser,")?;
        let ar = find(&["llvm-ar-22", "llvm-ar"], "llvm-ar")?;
        if has_browser_library(checkout) {
            return Ok(Self { rust: Rust::Own, clang, ar });
        }
        if Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_SOURCES).exists() {
            let linker = find(&["wasm-ld-22", "wasm-ld"], "wasm-ld")?;
            return Ok(Self { rust: Rust::Debian { linker }, clang, ar });
        }
        bail!("the Rust in use has no standard library for {TARGET}")
    }

    /// Installs what is missing.
    ///
    /// # Errors
    /// When that is not possible here: what would have to be done.
    pub(super) fn install(checkout: &Checkout) -> anyhow::Result<Self> {
        let is_debian = Path::new("/usr/bin/apt-get").exists();
        let is_root = output(checkout.command_with("id", &["-u"])).is_ok_and(|id| id == "0");
        let may_install = is_debian && is_root;
        if !has_browser_library(checkout) {
            println!("Adding the standard library for the browser to the Rust toolchain.");
            // Where rustup is missing, or reaches nothing, Debian's compiler follows.
            let _ = check(checkout.command_with("rustup", &["target", "add", TARGET]));
        }
        if may_install {
            check(checkout.command_with("apt-get", &["-q", "update"]))?;
            let mut packages = DEBIAN_C.to_vec();
            if !has_browser_library(checkout) {
                packages.extend(DEBIAN_RUST);
            } else if !DEBIAN_C.iter().all(|package| is_offered(checkout, package)) {
                packages = ANY_C.to_vec();
            }
            println!("Installing what the web app is built with: {}.", packages.join(" "));
            let mut install = checkout.command_with("apt-get", &["-q", "install", "--yes", "--no-install-recommends"]);
            check({
                install.args(packages).env("DEBIAN_FRONTEND", "noninteractive");
                install
            })?;
        }
        Self::find(checkout).map_err(|error| {
            let rust = format!("  rustup target add {TARGET}");
            let c = if is_debian {
                format!("  sudo apt-get install --no-install-recommends {}", DEBIAN_C.join(" "))
            } else {
                "  and install clang and llvm with this system's package manager".to_owned()
            };
            error.context(format!(
                "the web app can't be built here. Run this, then try again:\n{rust}\n{c}\nWhere rustup reaches nothing, Debian's {} do as well.",
                DEBIAN_RUST.join(", ")
            ))
        })
    }

    /// What it is called in what a person reads.
    pub(super) fn name(&self) -> &'static str {
        match self.rust {
            Rust::Own => "the Rust in use",
            Rust::Debian { .. } => "Debian's Rust, and the browser's standard library built from its sources",
        }
    }

    /// The folder of its builds.
    pub(super) fn folder(&self) -> &'static str {
        match self.rust {
            Rust::Own => "own",
            Rust::Debian { .. } => "debian",
        }
    }

    /// Makes a build of cargo's one by this compiler.
    pub(super) fn apply(&self, cargo: &mut Command) {
        cargo.env("CC_wasm32_unknown_unknown", &self.clang).env("AR_wasm32_unknown_unknown", &self.ar);
        if let Rust::Debian { linker } = &self.rust {
            cargo.args(["-Z", "build-std=std,panic_abort"]);
            // It lets a stable compiler build the standard library, and nothing else is done with it.
            cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

/// Whether apt knows where to get a package: the compilers of this number come with Debian's security updates.
fn is_offered(checkout: &Checkout, package: &str) -> bool {
    output(checkout.command_with("apt-cache", &["show", "--no-all-versions", package])).is_ok()
}

fn has_browser_library(checkout: &Checkout) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = output(checkout.command_with(rustc, &["--print", "target-libdir", "--target", TARGET]));
    folder.is_ok_and(|folder| Path::new(&folder).is_dir())
}
