//! Where the blobs are.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, RetryConfig};
use reqwest::Url;

use crate::{BlobError, BlobResult};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one request, whose body is a piece at most.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// For a request and its repetitions.
const RETRY_TIMEOUT: Duration = Duration::from_secs(90);
const RETRIES: usize = 3;

const EXPECTED: &str = "expected a folder, or s3://BUCKET/PREFIX with ?endpoint=URL and &region=NAME";

/// The address of blobs: a folder, or `s3://bucket/prefix?endpoint=https://host&region=name`. It holds no secret: the keys of
/// S3 come from the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and what else Amazon's own tools read).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlobsAddress {
    place: Place,
    keys: Option<S3Keys>,
}

/// An access key of S3. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Keys {
    /// What Amazon calls the access key id.
    pub id: String,
    /// What Amazon calls the secret access key.
    pub secret: String,
}

impl fmt::Debug for S3Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("S3Keys")
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    Folder(PathBuf),
    S3 { bucket: String, prefix: String, endpoint: Option<Url>, region: Option<String> },
}

impl BlobsAddress {
    /// A folder.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self { place: Place::Folder(folder.into()), keys: None }
    }

    /// With these keys, and not those of the environment.
    pub fn with_keys(self, keys: S3Keys) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// The folder of this machine, if it is one.
    pub fn as_folder(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::S3 { .. } => None,
        }
    }

    pub(crate) fn open(&self) -> BlobResult<(Arc<dyn ObjectStore>, Path)> {
        match &self.place {
            Place::Folder(folder) => {
                make_private(folder).map_err(|error| BlobError::Folder(format!("{}: {error}", folder.display())))?;
                let store = LocalFileSystem::new_with_prefix(folder)?;
                // What was answered as stored is on the disk.
                let store = store.with_fsync(true).with_automatic_cleanup(true);
                Ok((Arc::new(store), Path::default()))
            }
            Place::S3 { bucket, prefix, endpoint, region } => {
                let mut builder = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .with_retry(RetryConfig {
                        max_retries: RETRIES,
                        retry_timeout: RETRY_TIMEOUT,
                        ..RetryConfig::default()
                    })
                    .with_http_connector(Connector);
                if let Some(endpoint) = endpoint {
                    // Whoever is not Amazon has no host for each bucket.
                    builder = builder
                        .with_endpoint(endpoint.as_str().trim_end_matches('/'))
                        .with_allow_http(endpoint.scheme() == "http")
                        .with_virtual_hosted_style_request(false);
                }
                if let Some(keys) = &self.keys {
                    builder = builder.with_access_key_id(&keys.id).with_secret_access_key(&keys.secret);
                }
                if let Some(region) = region {
                    builder = builder.with_region(region);
                }
                let store = builder.build().map_err(|error| match BlobError::from(error) {
                    BlobError::Other(_) => {
                        BlobError::Address("the settings of S3 in the environment are not whole".into())
                    }
                    other => other,
                })?;
                let root = Path::parse(prefix).map_err(|_| BlobError::Address(EXPECTED.into()))?;
                Ok((Arc::new(store), root))
            }
        }
    }
}

impl FromStr for BlobsAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text.contains("://") || text.is_empty() {
                true => Err(EXPECTED.into()),
                false => Ok(Self::folder(text)),
            };
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if place.contains('@') {
            return Err(
                "the keys of S3 stand in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in the address".into()
            );
        }
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_name) {
            return Err("the name of a bucket has 3 to 63 small letters, digits, hyphens and dots".into());
        }
        let prefix = prefix.trim_matches('/');
        if !prefix.is_empty() && Path::parse(prefix).is_err() {
            return Err(EXPECTED.into());
        }
        let (mut endpoint, mut region) = (None, None);
        let asked = Url::parse(&format!("s3://{bucket}?{query}")).map_err(|_| EXPECTED)?;
        for (key, value) in asked.query_pairs() {
            match &*key {
                "endpoint" => endpoint = Some(endpoint_of(&value)?),
                "region" => region = Some(value.into_owned()),
                _ => return Err(EXPECTED.into()),
            }
        }
        let place = Place::S3 { bucket: bucket.into(), prefix: prefix.into(), endpoint, region };
        Ok(Self { place, keys: None })
    }
}

impl fmt::Display for BlobsAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Folder(folder) => write!(formatter, "{}", folder.display()),
            Place::S3 { bucket, prefix, endpoint, .. } => {
                write!(formatter, "s3://{bucket}/{prefix}")?;
                endpoint.as_ref().map_or(Ok(()), |endpoint| write!(formatter, " at {endpoint}"))
            }
        }
    }
}

/// What goes over a network goes over TLS.
fn endpoint_of(text: &str) -> Result<Url, String> {
    let endpoint = Url::parse(text).map_err(|_| "the endpoint is a URL, such as https://s3.example.org")?;
    if !endpoint.username().is_empty() || endpoint.password().is_some() {
        return Err("the keys of S3 stand in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not in the endpoint".into());
    }
    let is_here = endpoint.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    match endpoint.scheme() {
        "https" => Ok(endpoint),
        "http" if is_here => Ok(endpoint),
        _ => Err("the endpoint is reached by https, or by http on this machine alone".into()),
    }
}

/// Makes the folder, which nobody else reads.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The way to S3, with the project's own choice of TLS.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let generic =
            |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic { store: "S3", source };
        // Whether http is allowed was judged with the address.
        let _ = options;
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| generic(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // A storage that sends us elsewhere would be given the piece there.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| generic(error.into()))?;
        Ok(HttpClient::new(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_folder_or_a_bucket_with_a_prefix() {
        for (text, shown) in [
            ("/srv/blobs", "/srv/blobs"),
            ("blobs", "blobs"),
            ("s3://club", "s3://club/"),
            ("s3://club/huis/", "s3://club/huis"),
            ("s3://club/a/b?endpoint=https://s3.example.org&region=eu", "s3://club/a/b at https://s3.example.org/"),
            ("s3://club?endpoint=http://127.0.0.1:9000", "s3://club/ at http://127.0.0.1:9000/"),
            ("s3://club?endpoint=http://[::1]:9000", "s3://club/ at http://[::1]:9000/"),
        ] {
            assert_eq!(text.parse::<BlobsAddress>().expect(text).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_would_be_right_and_repeats_no_key() {
        for (text, said) in [
            ("", "expected a folder"),
            ("gs://club", "expected a folder"),
            ("s3://", "3 to 63"),
            ("s3://Club", "3 to 63"),
            ("s3://KEY:s3cret@club", "not in the address"),
            ("s3://club?endpoint=https://KEY:s3cret@s3.example.org", "not in the endpoint"),
            ("s3://club?endpoint=http://s3.example.org", "by https"),
            ("s3://club?endpoint=ftp://127.0.0.1", "by https"),
            ("s3://club?colour=red", "expected a folder"),
            ("s3://club/a//b", "expected a folder"),
        ] {
            let error = text.parse::<BlobsAddress>().expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
