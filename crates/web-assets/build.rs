//! Makes the table of the web app's files. They are made before, by `cargo xtask web`, in the folder that HUIS_WEB_DIST
//! names; without it the table is empty. Nothing is built or fetched here.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

const VARIABLE: &str = "HUIS_WEB_DIST";

#[derive(Deserialize)]
struct Made {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(rename = "type")]
    content_type: String,
    sha256: String,
    immutable: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let table = match env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
        Some(folder) => table(&PathBuf::from(folder))?,
        None => "&[]".to_owned(),
    };
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("files.rs"), table)?;
    Ok(())
}

fn table(folder: &Path) -> Result<String, Box<dyn Error>> {
    if !folder.is_absolute() {
        return Err(format!("{VARIABLE} must be an absolute path, not {}", folder.display()).into());
    }
    println!("cargo:rerun-if-changed={}", folder.display());
    let list = folder.join("files.json");
    let text = fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let made: Made = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", list.display()))?;
    let mut table = "&[\n".to_owned();
    for Entry { path, content_type, sha256, immutable } in made.files {
        check_name(&path)?;
        let whole = folder.join(&path);
        let size = fs::metadata(&whole).map_err(|error| format!("{}: {error}", whole.display()))?.len();
        let brotli = included(&beside(&whole, "br"));
        let gzip = included(&beside(&whole, "gz"));
        // What gzip unpacks is not kept twice.
        let plain = if gzip.is_some() { None } else { included(&whole) };
        let option = |bytes: Option<String>| bytes.map_or("None".to_owned(), |bytes| format!("Some({bytes})"));
        writeln!(
            table,
            "    File {{ path: {path:?}, content_type: {content_type:?}, sha256: {sha256:?}, immutable: {immutable}, \
             size: {size}, plain: {}, brotli: {}, gzip: {} }},",
            option(plain),
            option(brotli),
            option(gzip)
        )?;
    }
    table.push(']');
    Ok(table)
}

/// Nothing but what may stand in a URL as it is, and nothing in the place of the interface.
fn check_name(path: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_good = !path.is_empty()
        && path.split('/').all(|part| part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(plain))
        && !["api", "healthz", "readyz"].iter().any(|taken| path.split('/').next() == Some(taken));
    if is_good { Ok(()) } else { Err(format!("{path:?} can't be the name of a file of the web app")) }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn included(path: &Path) -> Option<String> {
    path.is_file().then(|| format!("include_bytes!({:?})", path.display().to_string()))
}
