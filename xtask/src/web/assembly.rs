//! From parts that name each other to files with names that say what is in them.
//!
//! A part is named as in `{{app.css}}` by the parts that use it. What a browser may keep for ever is called by its
//! content: `/app-0f3a….css`. So a part is done when all that it names is, and nothing can name itself.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// A bound module.
pub(super) struct Built {
    pub(super) script: String,
    pub(super) wasm: Vec<u8>,
}

/// A file of the web app.
pub(super) struct File {
    /// Its path below the app's address, without the first slash.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// Whether another content would have another path.
    pub(super) immutable: bool,
    /// Whether the app is used without it until somebody needs it.
    pub(super) is_for_later: bool,
}

/// The parts so far.
#[derive(Default)]
pub(super) struct Assembly {
    parts: BTreeMap<String, Vec<u8>>,
}

/// The page itself.
const PAGE: &str = "index.html";
/// Parts that a browser, or a person, knows by their names.
const FIXED: [&str; 4] = [PAGE, "admin.html", "manifest.webmanifest", "sw.js"];
/// In `sw.js`: the list of all other files, and a name for all of them.
const ALL_FILES: &str = "all-files";
const VERSION: &str = "version";
/// Parts that the service worker does not fetch before somebody needs them.
const LATER: [&str; 2] = ["beacon.wasm", "strength.wasm"];
/// How parts are called that the messenger never needs: those of the administration pages.
const OTHER_PAGES: [&str; 2] = ["admin", "texts-admin"];
/// Digits of the hash in a name: 64 bits, more than chance finds.
const DIGITS: usize = 16;

impl Assembly {
    pub(super) fn add(&mut self, name: String, bytes: impl Into<Vec<u8>>) {
        self.parts.insert(name, bytes.into());
    }

    /// Adds each file of a folder by its name. Those in `styles` become one, in the order of their names.
    pub(super) fn add_folder(&mut self, folder: &Path) -> anyhow::Result<()> {
        let styles = folder.join("styles");
        if styles.is_dir() {
            let mut joined = Vec::new();
            for (_, bytes) in files_of(&styles)? {
                joined.extend(bytes);
            }
            self.add("app.css".to_owned(), joined);
        }
        for (name, bytes) in files_of(folder)? {
            ensure!(!self.parts.contains_key(&name), "two parts of the web app are called {name}");
            self.add(name, bytes);
        }
        Ok(())
    }

    /// All files, with what they name in its place.
    pub(super) fn finish(mut self) -> anyhow::Result<Vec<File>> {
        let last = self.parts.remove("sw.js");
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut files = Vec::new();
        while !self.parts.is_empty() {
            let before = self.parts.len();
            let mut left = BTreeMap::new();
            for (name, bytes) in self.parts {
                match filled(&name, &bytes, &names) {
                    Ok(bytes) => {
                        let file = File { is_for_later: is_for_later(&name), ..file(&name, bytes) };
                        // As the Subresource Integrity of W3C writes it: whoever fetches it later holds it against this.
                        names.insert(format!("{name} sha256"), BASE64_STANDARD.encode(Sha256::digest(&file.bytes)));
                        names.insert(name, format!("/{}", file.path));
                        files.push(file);
                    }
                    Err(_) => drop(left.insert(name, bytes)),
                }
            }
            self.parts = left;
            if self.parts.len() == before {
                let stuck = self.parts.iter().filter_map(|(name, bytes)| filled(name, bytes, &names).err());
                bail!("{}", stuck.map(|error| error.to_string()).collect::<Vec<_>>().join("; "));
            }
        }
        if let Some(worker) = last {
            let first = files.iter().filter(|file| !file.is_for_later);
            let paths: Vec<String> = first.map(|file| address(&file.path)).collect();
            let mut all = Sha256::new();
            files.iter().for_each(|file| all.update(Sha256::digest(&file.bytes)));
            names.insert(ALL_FILES.to_owned(), serde_json::to_string(&paths)?);
            names.insert(VERSION.to_owned(), hex(&all.finalize())[..DIGITS].to_owned());
            files.push(file("sw.js", filled("sw.js", &worker, &names)?));
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }
}

/// Where the server has a file.
fn address(path: &str) -> String {
    if path == PAGE { "/".to_owned() } else { format!("/{path}") }
}

fn files_of(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() {
            let name = path.file_name().context("a file without a name")?.to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((name, bytes));
        }
    }
    files.sort();
    Ok(files)
}

/// The part with what it names in its place.
fn filled(name: &str, bytes: &[u8], names: &BTreeMap<String, String>) -> anyhow::Result<Vec<u8>> {
    if !is_text(name) {
        return Ok(bytes.to_vec());
    }
    let text = std::str::from_utf8(bytes).with_context(|| format!("{name} is no UTF-8"))?;
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (named, behind) = after.split_once("}}").with_context(|| format!("{name} has a {{{{ without its end"))?;
        let with = names.get(named).with_context(|| format!("{name} names {named}, which is no part"))?;
        filled.push_str(before);
        filled.push_str(with);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled.into_bytes())
}

/// Whether a part may name others. What the compiler made names none.
fn is_text(name: &str) -> bool {
    !name.ends_with("-module.js")
        && [".css", ".html", ".js", ".webmanifest"].iter().any(|ending| name.ends_with(ending))
}

fn is_for_later(name: &str) -> bool {
    LATER.contains(&name) || OTHER_PAGES.iter().any(|page| name.starts_with(page))
}

fn file(name: &str, bytes: Vec<u8>) -> File {
    if FIXED.contains(&name) {
        return File { path: name.to_owned(), bytes, immutable: false, is_for_later: false };
    }
    let hash = hex(&Sha256::digest(&bytes));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "bin"));
    File { path: format!("{stem}-{}.{ending}", &hash[..DIGITS]), bytes, immutable: true, is_for_later: false }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembly(parts: &[(&str, &str)]) -> Assembly {
        let mut assembly = Assembly::default();
        for (name, text) in parts {
            assembly.add((*name).to_owned(), *text);
        }
        assembly
    }

    fn text<'a>(files: &'a [File], beginning: &str) -> &'a str {
        let file = files.iter().find(|file| file.path.starts_with(beginning)).unwrap();
        std::str::from_utf8(&file.bytes).unwrap()
    }

    #[test]
    fn what_is_named_stands_under_its_own_name_and_the_page_keeps_its() {
        let parts = [
            ("index.html", "<script src={{boot.js}}>"),
            ("boot.js", "import '{{ui.wasm}}'"),
            ("ui.wasm", "{{not me}}"),
        ];
        let files = assembly(&parts).finish().unwrap();
        let boot = files.iter().find(|file| file.path.starts_with("boot-")).unwrap();
        assert!(boot.immutable && boot.path.ends_with(".js"));
        assert_eq!(text(&files, "index.html"), format!("<script src=/{}>", boot.path));
        assert!(text(&files, "boot-").starts_with("import '/ui-"));
        assert_eq!(text(&files, "ui-"), "{{not me}}");
    }

    #[test]
    fn another_content_is_another_name_all_the_way_up() {
        let path = |wasm: &str| {
            let files = assembly(&[("boot.js", "{{ui.wasm}}"), ("ui.wasm", wasm)]).finish().unwrap();
            files.into_iter().find(|file| file.path.starts_with("boot-")).unwrap().path
        };
        assert_ne!(path("one"), path("other"));
        assert_eq!(path("one"), path("one"));
    }

    #[test]
    fn the_service_worker_knows_all_files_and_another_version_with_each_change() {
        let worker = |css: &str| {
            let files = assembly(&[("sw.js", "{{version}} {{all-files}}"), ("app.css", css), ("index.html", "")]);
            let files = files.finish().unwrap();
            text(&files, "sw.js").to_owned()
        };
        assert!(worker("a").contains("\"/app-") && worker("a").contains("\"/\""));
        assert_ne!(worker("a").split(' ').next(), worker("b").split(' ').next());
    }

    #[test]
    fn the_administration_pages_are_no_part_of_the_messengers_first_load() {
        let parts = [
            ("sw.js", "{{all-files}}"),
            ("admin.html", "<script src={{admin.js}}><link href={{app.css}}>"),
            ("admin.js", "'{{texts-admin-en.ftl}}'"),
            ("texts-admin-en.ftl", "admin-title = Administration"),
            ("app.css", ""),
        ];
        let files = assembly(&parts).finish().unwrap();
        assert!(files.iter().any(|file| file.path == "admin.html" && file.is_for_later && !file.immutable));
        assert!(text(&files, "sw.js").contains("/app-") && !text(&files, "sw.js").contains("admin"));
    }

    #[test]
    fn the_service_worker_fetches_nothing_that_is_for_later() {
        let parts = [("sw.js", "{{all-files}}"), ("strength.wasm", "words"), ("worker.js", "{{strength.wasm}}")];
        let files = assembly(&parts).finish().unwrap();
        assert!(text(&files, "worker-").starts_with("/strength-"));
        assert!(text(&files, "sw.js").contains("worker-") && !text(&files, "sw.js").contains("strength"));
    }

    #[test]
    fn a_name_of_nothing_and_a_circle_are_refused() {
        let nothing = assembly(&[("boot.js", "{{uo.wasm}}")]).finish().err().unwrap().to_string();
        assert!(nothing.contains("boot.js names uo.wasm"), "{nothing}");
        let circle = assembly(&[("a.js", "{{b.js}}"), ("b.js", "{{a.js}}")]).finish();
        assert!(circle.is_err());
    }
}
