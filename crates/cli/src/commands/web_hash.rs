//! `huis web-hash`: whether a server serves the web app that this binary holds.

use std::io::Read;

use clap::Args;
use flate2::read::GzDecoder;
use huis_engine::native::{Fetched, Fetcher};
use huis_engine::{StartError, TransportError};
use huis_web_assets::{File, files};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::outcome::{Outcome, Stop};
use crate::printer::{Printer, note};

/// Compare the web app that a server serves with the one in this binary
///
/// Fetches each of the app's files, once as a browser asks and once without compression, and says which are the same, which
/// differ and which are missing. Run it from a binary that you trust, of the version that the server runs. A server that
/// wants to can answer this command and your browser differently; to be sure, use the binary itself in place of the web app.
/// Without URL, prints the hashes (SHA-256) of the app in this binary.
#[derive(Debug, Args)]
pub(crate) struct WebHash {
    /// The server, such as https://chat.example.org
    #[arg(value_name = "URL", value_hint = clap::ValueHint::Url)]
    url: Option<String>,
}

/// What a server serves in place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Found {
    Same,
    Differs,
    Missing,
}

#[derive(Serialize)]
struct Line {
    path: &'static str,
    sha256: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Found>,
}

/// The ways to ask for a file, and what each must give: as browsers do, and plainly.
const WAYS: [&str; 2] = ["gzip, deflate, br, zstd", "identity"];
/// How much longer than the file its compressed form may be.
const ROOM: usize = 64 * 1024;

impl WebHash {
    pub(crate) async fn run(self, printer: &Printer) -> Outcome {
        let files = files();
        if files.is_empty() {
            let advice = "take a released binary, or build it with `cargo xtask web`";
            return Err(Stop::failed("no-web-app", "this binary was built without the web app", advice));
        }
        let Some(url) = self.url else {
            for File { path, sha256, .. } in files {
                printer.thing(&Line { path, sha256, found: None }, || format!("{sha256}  {path}"))?;
            }
            return Ok(());
        };
        let fetcher = Fetcher::new(&url).map_err(|error| match error {
            StartError::Url(_) => Stop::Usage(format!("{url:?} is no URL such as https://chat.example.org")),
            error => Stop::failed("internal", error.to_string(), ""),
        })?;
        let mut wrong = 0;
        for file in files {
            let found = compared(file, async |path, ways, most| fetcher.fetch(path, ways, most).await).await;
            let found = found.map_err(|error| match error {
                TransportError::Certificate(reason) => Stop::failed("certificate-changed", reason, ""),
                error => Stop::failed("offline", format!("{url} cannot be reached: {error}"), "check the address"),
            })?;
            wrong += usize::from(found != Found::Same);
            let File { path, sha256, .. } = file;
            printer.thing(&Line { path, sha256, found: Some(found) }, || format!("{:<8} {path}", found.word()))?;
        }
        if let Some(fingerprint) = fetcher.fingerprint() {
            note(&format!("no public authority vouches for the server's certificate; its SHA-256 is {fingerprint}"));
        }
        if wrong == 0 {
            return printer.remark("The server serves the web app of this binary.");
        }
        Err(Stop::failed(
            "web-app-differs",
            format!(
                "{wrong} of {} files are not those of this binary (version {})",
                files.len(),
                env!("CARGO_PKG_VERSION")
            ),
            "if the server runs this very version, type nothing into its page, and ask its operator",
        ))
    }
}

impl Found {
    fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Missing => "missing",
        }
    }
}

/// What the server has for this file, by all ways to ask for it.
async fn compared(
    file: &File,
    fetch: impl AsyncFn(&str, &'static str, usize) -> Result<Fetched, TransportError>,
) -> Result<Found, TransportError> {
    for way in WAYS {
        let fetched = fetch(&file.url_path(), way, file.size.saturating_add(ROOM)).await?;
        if fetched.status != 200 {
            return Ok(Found::Missing);
        }
        let is_same = unpacked(&fetched, file.size).is_some_and(|bytes| hash(&bytes) == file.sha256);
        if !is_same {
            return Ok(Found::Differs);
        }
    }
    Ok(Found::Same)
}

/// The bytes that a browser would make of it, and one more than `size` at most.
fn unpacked(fetched: &Fetched, size: usize) -> Option<Vec<u8>> {
    let most = u64::try_from(size).ok()?.saturating_add(1);
    let mut bytes = Vec::new();
    let body = fetched.body.as_slice();
    let read = match fetched.encoding.as_deref() {
        None | Some("identity") => body.take(most).read_to_end(&mut bytes),
        Some("gzip") => GzDecoder::new(body).take(most).read_to_end(&mut bytes),
        Some("br") => brotli_decompressor::Decompressor::new(body, 4096).take(most).read_to_end(&mut bytes),
        // What a browser would make of it is not known here.
        Some(_) => return None,
    };
    read.ok().map(|_| bytes)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const TEXT: &[u8] = b"the app, the app, the app, the app";
    /// `TEXT` by brotli.
    const BROTLI: &[u8] =
        b"\x1b\x21\x00\xf8\x8d\x94\x6e\xc6\xa2\x6a\x90\x30\x34\x3a\x09\x57\xc6\x12\xfc\x04\x03\x77\x23\x01";

    fn file() -> File {
        File {
            path: "app.js",
            content_type: "text/javascript",
            sha256: Box::leak(hash(TEXT).into_boxed_str()),
            immutable: true,
            size: TEXT.len(),
            plain: Some(TEXT),
            brotli: None,
            gzip: None,
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn found(to_browsers: (u16, Option<&str>, &[u8]), plainly: (u16, Option<&str>, &[u8])) -> Found {
        let answer = |(status, encoding, body): (u16, Option<&str>, &[u8])| Fetched {
            status,
            encoding: encoding.map(Into::into),
            body: body.to_vec(),
        };
        let file = file();
        let compared = compared(&file, async |path, way, _| {
            assert_eq!(path, "/app.js");
            Ok(answer(if way == WAYS[0] { to_browsers } else { plainly }))
        });
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(compared).unwrap()
    }

    #[test]
    fn the_same_file_is_recognised_in_every_form() {
        let plainly = (200, None, TEXT);
        assert_eq!(found((200, Some("gzip"), &gzip(TEXT)), plainly), Found::Same);
        assert_eq!(found((200, Some("br"), BROTLI), plainly), Found::Same);
        assert_eq!(found(plainly, (200, Some("identity"), TEXT)), Found::Same);
    }

    #[test]
    fn one_changed_byte_in_any_form_is_noticed() {
        let plainly = (200, None, TEXT);
        let mut other = TEXT.to_vec();
        other[3] ^= 1;
        assert_eq!(found((200, Some("gzip"), &gzip(TEXT)), (200, None, &other)), Found::Differs);
        assert_eq!(found((200, Some("gzip"), &gzip(&other)), plainly), Found::Differs);
        assert_eq!(found((200, Some("br"), &BROTLI[..BROTLI.len() - 1]), plainly), Found::Differs);
        assert_eq!(found((200, Some("zstd"), TEXT), plainly), Found::Differs);
        let longer = [TEXT, b"\n"].concat();
        assert_eq!(found((200, None, &longer), plainly), Found::Differs);
        assert_eq!(found((200, Some("gzip"), &gzip(&vec![0; 50 << 20])), plainly), Found::Differs);
        assert_eq!(found(plainly, (404, None, TEXT)), Found::Missing);
        assert_eq!(found((304, None, b""), plainly), Found::Missing);
    }
}
