//! `/file`: what is sent by it.

use std::path::{Path, PathBuf};

use huis_proto::ConversationId;
use huis_views::{Command, FileToSend, SendFiles, Target};

/// Sends the file of this path, as it is typed: from where the chat was started, or behind `~/` from home.
pub(super) fn send(to: ConversationId, typed: &str) -> Command {
    let source = absolute(typed, std::env::home_dir().as_deref()).to_string_lossy().into_owned();
    let file = FileToSend { source, name: None, media_type: None, thumbnail: None, duration_ms: None, voice: false };
    Command::SendFiles(SendFiles {
        to: Target::Id(to),
        files: vec![file],
        text: String::new(),
        reply_to: None,
        keep_metadata: false,
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
    fn a_path_is_whole_whatever_is_typed() {
        let home = Some(Path::new("/home/zoe"));
        assert_eq!(absolute("/tmp/a b.pdf", home), Path::new("/tmp/a b.pdf"));
        assert_eq!(absolute("~/roses.jpg", home), Path::new("/home/zoe/roses.jpg"));
        assert_eq!(absolute("~zoe", home), std::env::current_dir().unwrap().join("~zoe"));
        assert!(absolute("roses.jpg", None).is_absolute());
    }
}
