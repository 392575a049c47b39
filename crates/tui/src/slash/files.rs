//! `/file`: what is sent by it.

use std::path::{Path, PathBuf};

use huis_proto::ConversationId;
use huis_views::{Command, FileToSend, SendFiles, Target};

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

/// The engine may run in another process, which was started elsewhere.
fn absolute(typed: &str, home: Option<&Path>) -> PathBuf {
    let path = match (typed.strip_prefix("~/"), home) {
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
    fn a_path_is_whole_whatever_is_typed() {
        let home = Some(Path::new("/home/zoe"));
        assert_eq!(absolute("/tmp/a b.pdf", home), Path::new("/tmp/a b.pdf"));
        assert_eq!(absolute("~/roses.jpg", home), Path::new("/home/zoe/roses.jpg"));
        assert_eq!(absolute("~zoe", home), std::env::current_dir().unwrap().join("~zoe"));
        assert!(absolute("roses.jpg", None).is_absolute());
    }
}
