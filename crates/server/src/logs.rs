//! The log: lines on the standard error output.

use std::io::IsTerminal as _;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::config::{Config, LogFormat};

/// Sends what the process logs to the standard error output, as the configuration says. Once per process; a second
/// call changes nothing.
///
/// What other libraries say is kept to warnings: at their lower levels they tell of requests, with paths and headers.
pub fn start_logs(config: &Config) {
    let level = &config.log_level;
    let others = if matches!(level.as_str(), "off" | "error") { level } else { "warn" };
    let filter = EnvFilter::new(format!("{others},huis={level},huis_server={level},huis_store={level}"));
    let log = registry().with(filter).with(Counted);
    let lines = fmt::layer().with_writer(std::io::stderr);
    // An error means that somebody else has set a log up, which is theirs to do.
    let _ = match config.log_format {
        LogFormat::Text => log.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init(),
        LogFormat::Json => log.with(lines.json().flatten_event(true).with_ansi(false)).try_init(),
    };
}

/// Counts warnings and errors, so that somebody looks who watches figures and reads no log.
struct Counted;

impl<S: Subscriber> Layer<S> for Counted {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            _ => return,
        };
        metrics::counter!("huis_log_lines_total", "level" => level).increment(1);
    }
}
