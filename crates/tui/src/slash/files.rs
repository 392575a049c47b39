//! `/file` and `/save`: what is sent by the one, and what is saved by the other, and where.

use std::path::{Path, PathBuf};

use huis_proto::ConversationId;
use huis_views::{Command, FileToSend, SendFiles, Target};

use super::Mistake;

/// In front of the path: a picture goes with everything that is in it.
const KEEP_METADATA: &str = "--keep-metadata ";

/// Sends the file of this path, as it is typed: from where the chat was started, or behind `~/` from home.
pub(super) fn send(to: ConversationId, typed: &str) -> Command {
    let (typed, keep_metadata) = match typed.strip_prefix(KEEP_METADATA) {
        Some(path) => (path.trim_start(), true),
        None => (typed, false),
    };
    let source = absolute(typed, std::env::home_dir().as_deref()).to_string_lossy().into_owned();
    let file = FileToSend {
        source,
        name: None,
        media_type: None,
        thumbnail: None,
        duration_ms: None,
        voice: false,
        peaks: None,
    };
    Command::SendFiles(SendFiles {
        to: Target::Id(to),
        files: vec![file],
        text: String::new(),
        reply_to: None,
        keep_metadata,
        view_once: false,
    })
}

/// How large the file is on this disk that a message is to bring; none where it brings others, or it can't be seen.
pub(crate) fn length(wish: &SendFiles) -> Option<u64> {
    let [file] = wish.files.as_slice() else { return None };
    std::fs::metadata(&file.source).ok().map(|known| known.len())
}

/// Which file is to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    /// The newest one that another one sent.
    Newest,
    /// As `/files` counts them, from the newest on, which is 1.
    Number(u64),
    /// The newest one of this name, or that begins so.
    Named(String),
}

/// Which file `/save` means, and the folder that stands behind it. A folder begins with `/`, `~/` or a dot and a slash, which
/// no name of a file holds, or is `~` or dots alone.
pub(super) fn wanted(typed: &str) -> (Wanted, Option<&str>) {
    let is_folder = |word: &str| {
        matches!(word, "~" | "." | "..") || ["/", "~/", "./", "../"].iter().any(|begin| word.starts_with(begin))
    };
    let begins = std::iter::once(0).chain(typed.match_indices(char::is_whitespace).map(|(at, sign)| at + sign.len()));
    let folder = begins.into_iter().find(|at| typed.get(*at..).is_some_and(is_folder));
    let (what, folder) = match folder {
        Some(at) => typed.split_at(at),
        None => (typed, ""),
    };
    let wanted = match (what.trim(), what.trim().parse()) {
        ("", _) => Wanted::Newest,
        (_, Ok(number)) => Wanted::Number(number),
        (name, Err(_)) => Wanted::Named(name.to_owned()),
    };
    (wanted, Some(folder.trim()).filter(|folder| !folder.is_empty()))
}

/// The whole path of a folder that is there.
pub(super) fn folder(typed: &str) -> Result<String, Mistake> {
    let path = std::fs::canonicalize(absolute(typed, std::env::home_dir().as_deref())).unwrap_or_default();
    match path.to_str() {
        Some(text) if path.is_dir() => Ok(text.to_owned()),
        _ => Err(Mistake::NoFolder(typed.into())),
    }
}

/// The engine may run in another process, which was started elsewhere.
fn absolute(typed: &str, home: Option<&Path>) -> PathBuf {
    let path = match (typed.strip_prefix("~/").or((typed == "~").then_some("")), home) {
        (Some(behind), Some(home)) => home.join(behind),
        _ => PathBuf::from(typed),
    };
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_goes_with_everything_in_it_where_that_is_typed() {
        let to = ConversationId::from_bytes([1; 16]);
        let sent = |typed: &str| match send(to, typed) {
            Command::SendFiles(SendFiles { files, keep_metadata, .. }) => (files[0].source.clone(), keep_metadata),
            other => panic!("{other:?}"),
        };
        assert_eq!(sent("/tmp/a.jpg"), ("/tmp/a.jpg".into(), false));
        assert_eq!(sent("--keep-metadata  /tmp/a.jpg"), ("/tmp/a.jpg".into(), true));
        assert_eq!(sent("/tmp/--keep-metadata x"), ("/tmp/--keep-metadata x".into(), false));
    }

    #[test]
    fn what_is_saved_is_told_from_where() {
        let named = |name: &str| Wanted::Named(name.into());
        for (typed, meant) in [
            ("", (Wanted::Newest, None)),
            ("2", (Wanted::Number(2), None)),
            ("2 /tmp", (Wanted::Number(2), Some("/tmp"))),
            ("/tmp/a folder", (Wanted::Newest, Some("/tmp/a folder"))),
            ("the plan.pdf", (named("the plan.pdf"), None)),
            ("the plan.pdf ~/my plans", (named("the plan.pdf"), Some("~/my plans"))),
            ("plan.pdf .", (named("plan.pdf"), Some("."))),
            ("plan.pdf ../there", (named("plan.pdf"), Some("../there"))),
            ("plan.pdf ~", (named("plan.pdf"), Some("~"))),
            ("3 .hidden", (named("3 .hidden"), None)),
            // What Word leaves of an open file, and what another one's home is to a shell.
            ("~$plan.docx", (named("~$plan.docx"), None)),
            ("the ~zoe", (named("the ~zoe"), None)),
            ("~$plan.docx ~/my plans", (named("~$plan.docx"), Some("~/my plans"))),
        ] {
            assert_eq!(wanted(typed), meant, "{typed}");
        }
        assert_eq!(folder("/nowhere at all"), Err(Mistake::NoFolder("/nowhere at all".into())));
        assert_eq!(folder("/"), Ok("/".into()));
    }

    #[test]
    fn a_path_is_whole_whatever_is_typed() {
        let home = Some(Path::new("/home/zoe"));
        assert_eq!(absolute("/tmp/a b.pdf", home), Path::new("/tmp/a b.pdf"));
        assert_eq!(absolute("~/roses.jpg", home), Path::new("/home/zoe/roses.jpg"));
        assert_eq!(absolute("~", home), Path::new("/home/zoe/"));
        assert_eq!(absolute("~zoe", home), std::env::current_dir().unwrap().join("~zoe"));
        assert!(absolute("roses.jpg", None).is_absolute());
    }
}
