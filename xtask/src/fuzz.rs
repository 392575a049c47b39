//! The fuzz targets: one for each decoder of bytes that come from outside, each run for a while.
//!
//! They are built with the coverage of LLVM that libFuzzer reads, without a sanitizer: the code under test is safe
//! Rust, where what is wrong panics, and so the usual compiler is enough.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::checkout::{Checkout, check, output, shown};
use crate::setup::{self, Purpose};

/// What `cargo fuzz` gives the compiler as well, but for a sanitizer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// The bounds that an input must keep: memory, time, and its own size.
const BOUNDS: [&str; 3] = ["-rss_limit_mb=1024", "-timeout=20", "-max_len=65536"];

/// Runs the targets in `only`, or all when it is empty, for `seconds` each. What one run found interesting is where the
/// next one begins.
///
/// # Errors
/// When a target fails: the error names the input, which is kept, and how to run it again.
pub(crate) fn run(checkout: &Checkout, only: &[String], seconds: u64) -> anyhow::Result<()> {
    setup::prepare(checkout, Purpose::Build)?;
    let place = Place::of(checkout)?;
    check(place.cargo(checkout, "build"))?;
    let corpus = place.target.join("corpus");
    let targets = output(checkout.command_with(place.binary("seeds"), &[&corpus.to_string_lossy()]))?;
    let targets: Vec<&str> = targets.lines().collect();
    for name in only {
        ensure!(targets.contains(&name.as_str()), "there is no target {name}; there are {}", targets.join(", "));
    }
    let mut broken = Vec::new();
    for target in targets {
        if !only.is_empty() && !only.iter().any(|name| name == target) {
            continue;
        }
        println!("\n{target}");
        let found = place.target.join("found").join(target);
        std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let mut fuzzer = checkout.command(place.binary(target));
        fuzzer.arg(corpus.join(target)).args(BOUNDS);
        fuzzer.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={}/", found.display()));
        // One run at a time on its corpus, and what it did rather than how.
        fuzzer.args(["-reload=0", "-print_funcs=0", "-print_final_stats=1", "-verbosity=0"]);
        let status = fuzzer.status().with_context(|| format!("cannot start {}", shown(&fuzzer)))?;
        if !status.success() {
            let again = place.binary(target);
            broken.push(format!("{target}: the input is in {}; run {} on it", found.display(), again.display()));
        }
    }
    if broken.is_empty() { Ok(()) } else { bail!("{}", broken.join("\n")) }
}

/// Where the targets are built: a folder of their own, for nothing is built like them.
struct Place {
    target: PathBuf,
    host: String,
}

impl Place {
    fn of(checkout: &Checkout) -> anyhow::Result<Self> {
        let version = output(checkout.command_with("rustc", &["-vV"]))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("`rustc -vV` names no host")?.to_owned();
        Ok(Self { target: checkout.target().join("fuzz"), host })
    }

    fn cargo(&self, checkout: &Checkout, what: &str) -> Command {
        let mut cargo = checkout.cargo([what, "--locked", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
        // With a target named, the flags reach neither build scripts nor macros.
        cargo.args(["--target", &self.host]).env("CARGO_TARGET_DIR", &self.target).env("RUSTFLAGS", FLAGS);
        cargo
    }

    fn binary(&self, name: &str) -> PathBuf {
        self.target.join(&self.host).join("release").join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A target that is not built, not seeded or not run would guard nothing.
    #[test]
    fn every_fuzz_target_is_built_and_has_seeds() {
        let checkout = Checkout::here().unwrap();
        let folder = checkout.root().join("fuzz");
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
        let (manifest, library) = (read("Cargo.toml"), read("src/lib.rs"));
        let mut count = 0;
        for entry in std::fs::read_dir(folder.join("fuzz_targets")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not built");
            assert!(library.contains(&format!("(\"{name}\", ")), "{name} has no seeds");
            count += 1;
        }
        assert_eq!(manifest.matches("path = \"fuzz_targets/").count(), count);
        assert_eq!(library.matches("_seeds()),").count(), count);
    }
}
