//! `huis serve`.

use std::ffi::OsString;

use huis_server::SystemClock;
use huis_server::check::{self, Finding, Verdict};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::arguments::Serve;
use crate::outcome::{Outcome, Stop};
use crate::printer::Printer;

/// Variables of other commands, which may be set where a server is started too. Any other one that begins with
/// HUIS_ and is no setting is a typing mistake, which the server refuses.
const OF_OTHERS: &[&str] = &[
    "HUIS_CLAIM",
    "HUIS_INVITATION",
    "HUIS_LOCK_AFTER",
    "HUIS_LOG",
    "HUIS_MIGRATE_FROM",
    "HUIS_MIGRATE_TO",
    "HUIS_PASSWORD",
    "HUIS_PROFILE",
    "HUIS_SERVER",
];

#[derive(Serialize)]
struct FindingLine<'a> {
    check: &'a str,
    verdict: &'a str,
    says: &'a str,
    advice: &'a str,
}

/// Serves until SIGINT or SIGTERM, or only checks whether it could.
pub(crate) fn run(serve: &Serve, printer: &Printer) -> Outcome {
    let resolved = serve.settings.resolve_with(environment());
    if serve.check {
        let findings = match resolved {
            Ok(config) => runtime()?.block_on(check::check(&config, &SystemClock)),
            Err(error) => vec![check::refused_configuration(&error)],
        };
        return report(&findings, printer);
    }
    let config = resolved.map_err(|error| Stop::Usage(error.to_string()))?;
    huis_server::start_logs(&config);
    let served = runtime()?.block_on(huis_server::serve(config, drawn, huis_server::stop_signal()));
    served.map(|_| ()).map_err(|error| Stop::failed("serve", error.to_string(), ""))
}

/// What is set for a server.
pub(super) fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| !name.to_str().is_some_and(|name| OF_OTHERS.contains(&name)))
}

pub(super) fn runtime() -> Outcome<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Stop::file("the runtime", &error))
}

/// The server draws nothing by itself.
fn drawn(text: &str) -> Option<String> {
    huis_engine::code_rows(text).map(|rows| huis_texts::drawn_code(&rows).join("\n"))
}

fn report(findings: &[Finding], printer: &Printer) -> Outcome {
    for Finding { check, verdict, says, advice } in findings {
        let verdict = verdict.name();
        printer.thing(&FindingLine { check, verdict, says, advice }, || {
            let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
            huis_texts::safe_line(&format!("{verdict:<8} {check:<14} {says}{advice}")).into_owned()
        })?;
    }
    let faults = findings.iter().filter(|finding| finding.verdict == Verdict::Fault).count();
    match faults {
        0 => Ok(()),
        1 => Err(Stop::failed("check", "one fault was found", "")),
        many => Err(Stop::failed("check", format!("{many} faults were found"), "")),
    }
}
