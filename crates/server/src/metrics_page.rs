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

use crate::serve::ServeError;

/// One recorder for the process, which all of its servers share: that is how the `metrics` crate works.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The upper bounds of histograms, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// The most connections at once.
const CONNECTIONS: usize = 16;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

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

/// Moves what histograms collected into their buckets, so that it does not pile up while nobody looks.
pub(crate) fn run_upkeep() {
    if let Some(Some(metrics)) = RECORDER.get() {
        metrics.run_upkeep();
    }
}

impl MetricsPage {
    /// Where it listens.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Serves until the server stops.
    pub(crate) async fn serve(self, mut is_stopping: watch::Receiver<bool>) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let stop = is_stopping.wait_for(|stopping| *stopping);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                _ = &mut stop => return,
                accepted = self.listener.accept() => accepted,
            };
            let (Ok((stream, _)), Ok(permit)) = (accepted, room.clone().try_acquire_owned()) else {
                // Beyond the bound, or out of descriptors: whoever scrapes comes back.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let metrics = self.metrics.clone();
            tokio::spawn(async move {
                let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                    let answer = answer(request.method(), request.uri().path(), &metrics);
                    async { Ok::<_, Infallible>(answer) }
                });
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .max_buf_size(16 * 1024)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                drop(permit);
            });
        }
    }
}

fn answer(method: &Method, path: &str, metrics: &PrometheusHandle) -> Response<Body> {
    if method != Method::GET || path != "/metrics" {
        let mut response = Response::new(Body::from("metrics are at GET /metrics\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
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
    metrics::describe_counter!("huis_sign_ins_refused_total", "Sign-ins with a wrong name or password");
    metrics::describe_counter!("huis_recoveries_refused_total", "Recoveries with a wrong name or recovery key");
    metrics::describe_counter!("huis_second_factors_refused_total", "Wrong or used codes of second factors");
}
