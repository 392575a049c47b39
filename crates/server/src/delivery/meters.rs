//! What operators can watch of delivery. No metric carries a name, an id or an address.

use metrics::{Counter, Gauge, Histogram};

/// Handles, so that counting costs no look-up.
pub(super) struct Meters {
    /// Open WebSocket connections.
    pub(super) connections: Gauge,
    /// Entries appended to logs.
    pub(super) appended: Counter,
    /// Entries sent to connections.
    pub(super) delivered: Counter,
    /// Bytes of these entries.
    pub(super) delivered_bytes: Counter,
    /// Pages of logs that were read for connections that were not up to date.
    pub(super) pages: Counter,
    /// Ephemeral frames taken.
    pub(super) ephemerals: Counter,
    /// Submissions refused.
    pub(super) refused: Counter,
    /// From a submission's arrival until it is on disk, in seconds.
    pub(super) append_seconds: Histogram,
    /// From when an entry was appended until it was on its way to a device that was connected, in seconds.
    pub(super) delivery_seconds: Histogram,
    /// How long the store took for a page of a log, in seconds.
    pub(super) page_seconds: Histogram,
    submissions_waiting: Gauge,
}

/// A submission that is not answered yet.
pub(super) struct Waiting(Gauge);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Meters {
    /// Takes the handles from the recorder that is installed; without one they count nothing.
    pub(super) fn new() -> Self {
        metrics::describe_gauge!("huis_connections", "Open WebSocket connections");
        metrics::describe_counter!("huis_entries_appended_total", "Entries appended to conversations' logs");
        metrics::describe_counter!("huis_entries_delivered_total", "Entries sent to connected devices");
        metrics::describe_counter!("huis_entries_delivered_bytes_total", "Bytes of the entries sent");
        metrics::describe_counter!("huis_log_pages_total", "Pages of logs read for devices that were not up to date");
        metrics::describe_counter!("huis_ephemerals_total", "Ephemeral frames taken from devices");
        metrics::describe_counter!("huis_submissions_refused_total", "Submissions refused");
        metrics::describe_histogram!(
            "huis_append_seconds",
            metrics::Unit::Seconds,
            "From a submission's arrival until it is on disk"
        );
        metrics::describe_histogram!(
            "huis_delivery_seconds",
            metrics::Unit::Seconds,
            "From when an entry was appended until it was on its way to a device that was connected"
        );
        metrics::describe_histogram!(
            "huis_log_page_seconds",
            metrics::Unit::Seconds,
            "How long the store took for a page of a log"
        );
        metrics::describe_gauge!("huis_submissions_waiting", "Submissions that are not answered yet");
        Self {
            connections: metrics::gauge!("huis_connections"),
            appended: metrics::counter!("huis_entries_appended_total"),
            delivered: metrics::counter!("huis_entries_delivered_total"),
            delivered_bytes: metrics::counter!("huis_entries_delivered_bytes_total"),
            pages: metrics::counter!("huis_log_pages_total"),
            ephemerals: metrics::counter!("huis_ephemerals_total"),
            refused: metrics::counter!("huis_submissions_refused_total"),
            append_seconds: metrics::histogram!("huis_append_seconds"),
            delivery_seconds: metrics::histogram!("huis_delivery_seconds"),
            page_seconds: metrics::histogram!("huis_log_page_seconds"),
            submissions_waiting: metrics::gauge!("huis_submissions_waiting"),
        }
    }

    /// Counts a submission that waits for its answer, until it is dropped.
    pub(super) fn waiting(&self) -> Waiting {
        self.submissions_waiting.increment(1.0);
        Waiting(self.submissions_waiting.clone())
    }
}
