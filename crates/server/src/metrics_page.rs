//! Metrics in Prometheus' form, on an address of their own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::MissedTickBehavior;

use crate::outlook::{self, Outlook};
use crate::serve::{ServeError, stopped};
use crate::state::App;

/// One recorder for the process, which all of its servers share: that is how the `metrics` crate works.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The upper bounds of histograms, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// The most connections at once.
const CONNECTIONS: usize = 16;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How often what histograms collected is moved into their buckets, so that it does not pile up while nobody looks.
const GATHER: Duration = Duration::from_secs(5);

/// The page, before it is served.
pub(crate) struct MetricsPage {
    listener: TcpListener,
    metrics: PrometheusHandle,
}

/// Installs the recorder, if that was not done yet, and listens. **To be called before anything takes a meter.**
pub(crate) async fn listen(address: SocketAddr) -> Result<MetricsPage, ServeError> {
    let recorder = RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        describe();
        describe_looks();
        begin();
        Some(handle)
    });
    let metrics =
        recorder.clone().ok_or_else(|| ServeError::Metrics("another recorder is installed in this process".into()))?;
    let listener = TcpListener::bind(address).await.map_err(|error| ServeError::Listen {
        address,
        setting: "metrics-listen",
        error,
    })?;
    Ok(MetricsPage { listener, metrics })
}

impl MetricsPage {
    /// Where it listens.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Serves until the server stops.
    pub(crate) async fn serve(self, app: App, is_stopping: watch::Receiver<bool>) {
        let outlook = Arc::new(Outlook::new(&app.config));
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut gather = tokio::time::interval(GATHER);
        gather.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = stopped(is_stopping.clone());
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => return,
                _ = gather.tick() => {
                    self.metrics.run_upkeep();
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            let (Ok((stream, _)), Ok(permit)) = (accepted, room.clone().try_acquire_owned()) else {
                // Beyond the bound, or out of descriptors: whoever scrapes comes back.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let (metrics, app, outlook) = (self.metrics.clone(), app.clone(), outlook.clone());
            let stop = stopped(is_stopping.clone());
            tokio::spawn(async move {
                let (metrics, app, outlook) = (&metrics, &app, &outlook);
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let is_wanted = request.method() == Method::GET && request.uri().path() == "/metrics";
                    async move {
                        if !is_wanted {
                            return Ok::<_, Infallible>(elsewhere());
                        }
                        outlook.look(app).await;
                        Ok(page(metrics))
                    }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .max_buf_size(16 * 1024)
                    .serve_connection(TokioIo::new(stream), service);
                tokio::select! {
                    () = stop => {}
                    _ = connection => {}
                }
                drop(permit);
            });
        }
    }
}

fn elsewhere() -> Response<Body> {
    let mut response = Response::new(Body::from("metrics are at GET /metrics\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn page(metrics: &PrometheusHandle) -> Response<Body> {
    let mut response = Response::new(Body::from(metrics.render()));
    let form = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, form);
    response
}

fn describe() {
    metrics::describe_counter!("huis_http_requests_total", "Requests answered, by route and class of status");
    metrics::describe_histogram!(
        "huis_http_request_seconds",
        metrics::Unit::Seconds,
        "From a request's head to its answer"
    );
    metrics::describe_gauge!("huis_tcp_connections", "Open connections of any kind");
    metrics::describe_counter!("huis_tcp_connections_refused_total", "Connections closed because there was no room");
    metrics::describe_counter!(
        "huis_rate_limited_total",
        "Requests refused because they came too often, by what was limited"
    );
    metrics::describe_gauge!("huis_bus_up", "Whether the other nodes are heard over the bus; absent without one");
    metrics::describe_counter!(
        "huis_file_bytes_total",
        metrics::Unit::Bytes,
        "Bytes of files, by their way: up or down"
    );
    metrics::describe_counter!("huis_files_removed_total", "Files that were removed with their bytes");
    metrics::describe_counter!("huis_sign_ins_begun_total", "Sign-ins that were begun, with whatever password");
    metrics::describe_counter!("huis_sign_ins_proved_total", "Sign-ins whose password was proved");
    metrics::describe_counter!("huis_recoveries_refused_total", "Recoveries with a wrong name or recovery key");
    metrics::describe_counter!("huis_second_factors_refused_total", "Wrong or used codes of second factors");
    metrics::describe_counter!("huis_pushes_total", "Pushes to devices that were away, by how they ended");
    metrics::describe_gauge!("huis_pushes_waiting", "Pushes that wait for their turn or another try");
    metrics::describe_counter!(
        "huis_beacon_rounds_total",
        "Rounds that were asked of the public beacon, by how that ended"
    );
    metrics::describe_counter!("huis_log_lines_total", "Warnings and errors in the log, by level");
    metrics::describe_gauge!(
        "huis_certificate_expiry_timestamp_seconds",
        metrics::Unit::Seconds,
        "When the certificate ends, in seconds since 1970; absent without TLS"
    );
}

/// What is looked at when somebody asks: see [`outlook`].
fn describe_looks() {
    metrics::describe_gauge!("huis_accounts_online", "Accounts with a connection to this node");
    metrics::describe_gauge!("huis_file_transfers", "Requests that carry a part of a file, by their way: up or down");
    metrics::describe_gauge!(
        "huis_request_memory_bytes",
        metrics::Unit::Bytes,
        "Bytes of unfinished requests in memory, of requests and of uploads"
    );
    metrics::describe_gauge!("huis_clock_sure", "Whether the server is sure of the machine's clock");
    metrics::describe_gauge!("huis_store_up", "Whether the store answers as it should within five seconds");
    metrics::describe_gauge!(
        "huis_store_check_seconds",
        metrics::Unit::Seconds,
        "How long the store took to answer when it was last asked for these metrics"
    );
    metrics::describe_gauge!(
        "huis_disk_free_bytes",
        metrics::Unit::Bytes,
        "What the server may still write, by what the disk holds: data or files; NaN for one that does not answer"
    );
    metrics::describe_gauge!(
        "huis_disk_size_bytes",
        metrics::Unit::Bytes,
        "What the disk has in all, by what it holds: data or files"
    );
    metrics::describe_gauge!(
        "huis_database_bytes",
        metrics::Unit::Bytes,
        "The database in the data folder, by part: pages or write-ahead log; absent with PostgreSQL"
    );
    metrics::describe_gauge!("huis_build_info", "1, with the version as a label");
    metrics::describe_gauge!("process_resident_memory_bytes", metrics::Unit::Bytes, "Memory in use");
    metrics::describe_counter!("process_cpu_seconds_total", "Processor time used, in whole seconds");
    metrics::describe_gauge!("process_open_fds", "Open files and connections");
    metrics::describe_gauge!("process_max_fds", "The most of them");
    metrics::describe_gauge!("process_start_time_seconds", "When the process started, in seconds since 1970");
}

/// What is counted begins at zero, so that the first of each is seen as one more; only requests by route do not.
fn begin() {
    for name in [
        "huis_tcp_connections_refused_total",
        "huis_files_removed_total",
        "huis_sign_ins_begun_total",
        "huis_sign_ins_proved_total",
        "huis_recoveries_refused_total",
        "huis_second_factors_refused_total",
    ] {
        metrics::counter!(name).increment(0);
    }
    for level in ["warn", "error"] {
        metrics::counter!("huis_log_lines_total", "level" => level).increment(0);
    }
    outlook::begin();
}
