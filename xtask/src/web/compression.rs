//! The folder that the binary embeds: each file, what it is when compressed, and a list.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Kind;
use super::assembly::{File, hex};

/// Writes everything anew, and says how large it is.
pub(super) fn write(files: &[File], folder: &Path, kind: Kind) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    let mut list = Vec::new();
    let (mut travels, mut later) = (0, 0);
    for file in files {
        let (brotli, gzip) = (brotli(&file.bytes, kind)?, gzip(&file.bytes, kind)?);
        put(&file.path, &file.bytes)?;
        let mut smallest = file.bytes.len();
        for (ending, bytes) in [("br", &brotli), ("gz", &gzip)] {
            if bytes.len() < file.bytes.len() {
                put(&format!("{}.{ending}", file.path), bytes)?;
                smallest = smallest.min(bytes.len());
            }
        }
        println!("{:>9} B  {:>9} B compressed  {}", file.bytes.len(), smallest, file.path);
        travels += smallest;
        if file.is_for_later {
            later += smallest;
        }
        list.push(json!({
            "path": file.path,
            "type": content_type(&file.path),
            "sha256": hex(&Sha256::digest(&file.bytes)),
            "immutable": file.immutable,
            "later": file.is_for_later,
        }));
    }
    println!("{travels} B in all, compressed; {} B of it at a first load.", travels - later);
    put("files.json", format!("{:#}\n", json!({ "files": list })).as_bytes())
}

fn brotli(bytes: &[u8], kind: Kind) -> anyhow::Result<Vec<u8>> {
    let quality = if kind == Kind::Optimised { 11 } else { 4 };
    let parameters = BrotliEncoderParams { quality, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8], kind: Kind) -> anyhow::Result<Vec<u8>> {
    let level = if kind == Kind::Optimised { Compression::best() } else { Compression::fast() };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("webmanifest") => "application/manifest+json",
        Some("ftl") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
