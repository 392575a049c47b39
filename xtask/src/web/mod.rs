//! The web app: compiled for the browser, bound to JavaScript, put together into one folder that the binary embeds.

mod assembly;
mod budgets;
mod compression;
mod script;
mod texts;
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use self::assembly::{Assembly, Built};
use self::budgets::Sizes;
use self::toolchain::Toolchain;
use crate::checkout::{Checkout, check};
use crate::steps::Outcome;

/// Tells the build of the binary where the web app lies.
pub(crate) const VARIABLE: &str = "HUIS_WEB_DIST";

/// How much is done for the size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For tests and everyday work: minutes faster to build, and some times as large.
    Everyday,
    /// As it is shipped.
    Optimised,
}

impl Kind {
    fn profile(self) -> &'static str {
        match self {
            Self::Everyday => "web-ci",
            Self::Optimised => "web",
        }
    }
}

/// Where the web app of this kind lies once it is built.
pub(crate) fn folder(checkout: &Checkout, kind: Kind) -> PathBuf {
    checkout.target().join("web-app").join(checkout.mark()).join(kind.profile())
}

/// Sees to it that the compiler for the browser and what it needs is there.
///
/// # Errors
/// When something is missing that can't be installed from here: the error says what, and how to install it.
pub(crate) fn prepare(checkout: &Checkout) -> anyhow::Result<()> {
    Toolchain::find(checkout).or_else(|_| Toolchain::install(checkout)).map(drop)
}

/// Builds the everyday web app, as a step of a test run. In continuous integration it must be possible.
pub(crate) fn step(checkout: &Checkout) -> anyhow::Result<Outcome> {
    if let Err(error) = prepare(checkout) {
        ensure!(std::env::var_os("CI").is_none(), "{error:#}");
        return Ok(Outcome::NotRun(format!("{error:#}")));
    }
    build(checkout, Kind::Everyday)?;
    Ok(Outcome::Passed)
}

/// Builds the web app as it is shipped, and states how large it is.
pub(crate) fn long_step(checkout: &Checkout, figures: &mut Vec<Value>) -> anyhow::Result<Outcome> {
    if let Err(error) = prepare(checkout) {
        ensure!(std::env::var_os("CI").is_none(), "{error:#}");
        return Ok(Outcome::NotRun(format!("{error:#}")));
    }
    build(checkout, Kind::Optimised)?;
    figures.extend(Sizes::of(&folder(checkout, Kind::Optimised))?.figures());
    Ok(Outcome::Passed)
}

/// Red where the web app as it is shipped is larger than it may be.
pub(crate) fn sizes_step(checkout: &Checkout) -> anyhow::Result<Outcome> {
    if !is_built(checkout, Kind::Optimised) {
        return Ok(Outcome::NotRun("the web app was not built".to_owned()));
    }
    Sizes::of(&folder(checkout, Kind::Optimised))?.check()
}

/// Whether the web app of this kind was built.
pub(crate) fn is_built(checkout: &Checkout, kind: Kind) -> bool {
    folder(checkout, kind).join("files.json").is_file()
}

/// Builds the web app and puts it together.
pub(crate) fn build(checkout: &Checkout, kind: Kind) -> anyhow::Result<()> {
    let toolchain = Toolchain::find(checkout)?;
    println!("Compiling for the browser with {}.", toolchain.name());
    // A folder of its own: another compiler, or other flags, would build everything anew each time.
    let target = checkout.target().join("web").join(toolchain.folder());
    let mut cargo = checkout.cargo(["build", "--locked", "--target", TARGET, "--profile", kind.profile()]);
    for (_, file) in MODULES {
        cargo.args(["--package", &file.replace('_', "-")]);
    }
    toolchain.apply(&mut cargo);
    cargo.env("CARGO_TARGET_DIR", &target);
    check(cargo)?;

    let compiled = target.join(TARGET).join(kind.profile());
    let mut assembly = Assembly::default();
    for (module, file) in MODULES {
        let Built { script, wasm } = bind(&compiled.join(format!("{file}.wasm")), kind)?;
        assembly.add(format!("{module}-module.js"), script);
        assembly.add(format!("{module}.wasm"), wasm);
    }
    for part in ["crates/ui/static", "crates/ui/static/admin", "crates/worker/static"] {
        assembly.add_folder(&checkout.root().join(part))?;
    }
    texts::add(checkout.root(), &mut assembly)?;
    let files = assembly.finish()?;
    let folder = folder(checkout, kind);
    compression::write(&files, &folder, kind)?;
    println!("The web app is in {}.", folder.display());
    Ok(())
}

const TARGET: &str = "wasm32-unknown-unknown";

/// What the modules are called, and the names of their files.
const MODULES: [(&str, &str); 4] =
    [("ui", "huis_ui"), ("worker", "huis_worker"), ("strength", "huis_strength"), ("beacon", "huis_beacon_web")];

/// Makes the JavaScript that goes with a compiled module.
fn bind(compiled: &Path, kind: Kind) -> anyhow::Result<Built> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(compiled).typescript(false).remove_producers_section(true);
    bindgen.remove_name_section(kind == Kind::Optimised);
    let mut output =
        bindgen.web(true)?.generate_output().with_context(|| format!("cannot bind {}", compiled.display()))?;
    let name = compiled.file_stem().context("a module without a name")?.to_string_lossy().into_owned();
    let mut script = script::plain(output.js()).with_context(|| format!("cannot read the script of {name}"))?;
    ensure!(!script.contains("./snippets/"), "{name} brings scripts of its own, which are not put into the web app");
    // What the C parts leave out and something still calls would be asked of a module that nobody has.
    ensure!(!script.lines().any(|line| line.starts_with("import ")), "{name} needs functions that nobody gives it");
    let asked = output.wasm_mut().imports.iter_mut().map(|import| &mut import.name);
    script::shorten(&mut script, asked).with_context(|| format!("cannot shorten what {name} asks for"))?;
    Ok(Built { script, wasm: output.wasm_mut().emit_wasm() })
}
