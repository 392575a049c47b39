//! Figures, from an optimised build.

use std::process::Command;

use anyhow::bail;

use crate::checkout::{Checkout, check};
use crate::setup::{self, Purpose};
use crate::{browser, serve, web};

/// Measures the web app, and nothing else: the rest of the arguments is for `browser-tests/figures/web.mjs`.
const WEB: &str = "web";

/// Builds the bench and runs it with `args`; without any it measures everything that `docs/performance.md` states.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> anyhow::Result<()> {
    setup::prepare(checkout, Purpose::Build)?;
    if let Some((_, rest)) = args.split_first().filter(|(what, _)| *what == WEB) {
        web::prepare(checkout)?;
        web::build(checkout, web::Kind::Optimised)?;
        build(checkout)?;
        return match browser::figures(checkout, rest)? {
            Ok(figures) => check(figures),
            Err(missing) => bail!("the web app can't be measured: {missing}"),
        };
    }
    build(checkout)?;
    check(command(checkout, args))?;
    if args.is_empty() {
        match browser::figures(checkout, &[])? {
            Ok(figures) => check(figures)?,
            Err(missing) => println!("NOTE: the web app is not measured, for {missing}."),
        }
    }
    Ok(())
}

/// Builds what is measured, exactly as it is served, and the bench. Two builds: together cargo would give the server's
/// dependencies the features that only the bench asks for.
pub(crate) fn build(checkout: &Checkout) -> anyhow::Result<()> {
    check(serve::build(checkout))?;
    check(checkout.cargo(["build", "--locked", "--release", "--package", "huis-bench"]))
}

/// The command that runs the bench once it is built.
pub(crate) fn command(checkout: &Checkout, args: &[String]) -> Command {
    let mut bench = checkout.command(checkout.target().join("release/huis-bench"));
    match args {
        [] => bench.arg("all"),
        args => bench.args(args),
    };
    bench
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_everything_is_measured() {
        let checkout = Checkout::here().unwrap();
        let words = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            let bench = command(&checkout, &args);
            bench.get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(words(&[]), ["all"]);
        assert_eq!(words(&["--idle", "10"]), ["--idle", "10"]);
    }
}
