//! What people do with files.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use huis_engine::native::NativeFiles;
use huis_engine::{FileRequest, FileResponse, Files};
use huis_proto::MessageId;
use huis_views::{
    Command, Failure, FetchFile, FileToSend, MessageView, Reply, SendFiles, Sent, TransferState, TransferView,
};

use super::Device;
use super::own_files::OwnFiles;
use super::saying::target;
use super::small_disk::SmallDisk;
use crate::network::Passage;

impl Device {
    /// From its next start on it keeps files for itself, as a browser does.
    pub fn keeps_files_for_itself(&self) {
        self.0.has_own_files.set(true);
    }

    pub(super) fn files(&self) -> Rc<dyn Files> {
        if !self.0.has_own_files.get() {
            return Rc::new(SmallDisk { system: NativeFiles, free: Rc::clone(&self.0.free) });
        }
        // Who starts anew knows nothing of what was being chosen.
        self.0.chosen.borrow_mut().clear();
        Rc::new(OwnFiles { folder: self.own_folder(), system: NativeFiles, chosen: Rc::clone(&self.0.chosen) })
    }

    /// So many bytes are free on its disk; none: as much as there is.
    pub fn disk_has(&self, free: Option<u64>) {
        self.0.free.set(free);
    }

    fn own_folder(&self) -> PathBuf {
        let folder = self.folder().join("files for itself");
        std::fs::create_dir_all(&folder).expect("a folder for files");
        folder
    }

    /// A file that the device keeps for itself: it is chosen, and not sent yet.
    pub fn has_an_own_file(&self, name: &str, bytes: &[u8]) {
        self.0.chosen.borrow_mut().insert(name.to_owned());
        std::fs::write(self.own_folder().join(name), bytes).expect("a file");
    }

    /// The names of the files that the device keeps for itself.
    pub fn own_files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.own_folder()).expect("the device's own files");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("the folder can be read").file_name().into_string().expect("a name in UTF-8")
        };
        let mut names: Vec<_> = names.map(name).collect();
        names.sort();
        names
    }

    /// A file of the person's.
    pub fn has_a_file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let folder = self.folder().join("own files");
        std::fs::create_dir_all(&folder).expect("a folder for files");
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// Where this device puts what it fetches.
    pub fn fetched(&self) -> PathBuf {
        let folder = self.folder().join("fetched");
        std::fs::create_dir_all(&folder).expect("a folder for what is fetched");
        folder
    }

    /// The names in the folder of what is fetched, with those that are not to be seen.
    pub fn names_fetched(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.fetched()).expect("what was fetched");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("the folder can be read").file_name().into_string().expect("a name in UTF-8")
        };
        let mut names: Vec<_> = names.map(name).collect();
        names.sort();
        names
    }

    /// Sends files, and does not wait.
    pub async fn sends_files(&self, to: &str, paths: &[&Path]) -> Sent {
        self.tries_to_send_files(to, paths, "").await.unwrap_or_else(|failure| panic!("{self:?}: {failure:?}"))
    }

    /// As [`sends_files`](Self::sends_files), with a text beside them.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_send_files(&self, to: &str, paths: &[&Path], text: &str) -> Result<Sent, Failure> {
        match self.tries(Command::SendFiles(files(to, paths, text))).await? {
            Reply::Sent(sent) => Ok(sent),
            other => panic!("{other:?}"),
        }
    }

    /// Sends files with everything that is in them, and does not wait.
    pub async fn sends_files_as_they_are(&self, to: &str, paths: &[&Path]) -> Sent {
        match self.command(Command::SendFiles(SendFiles { keep_metadata: true, ..files(to, paths, "") })).await {
            Reply::Sent(sent) => sent,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a file with an engine that may die over it: whether it said that it keeps it.
    pub async fn attempts_to_send_file(&self, to: &str, path: &Path) -> bool {
        matches!(self.attempts(Command::SendFiles(files(to, &[path], ""))).await, Some(Ok(_)))
    }

    /// Waits until a message with this file is here.
    pub async fn hears_of_file(&self, place: &str, name: &str) -> MessageView {
        let has = |message: &MessageView| message.seq.is_some() && message.files.iter().any(|file| file.name == name);
        self.until(&format!("it hears of {name} in {place}"), async || self.messages(place).await.iter().any(has))
            .await;
        self.messages(place).await.into_iter().rfind(has).expect("it was just there")
    }

    /// Fetches a file of a message, counted from 1, and gives its path.
    pub async fn fetches(&self, message: MessageId, number: u32) -> PathBuf {
        match self.tries_to_fetch(message, number).await {
            Ok(path) => path,
            Err(failure) => panic!("{self:?} cannot fetch file {number} of {message}: {failure:?}"),
        }
    }

    /// As [`fetches`](Self::fetches).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_fetch(&self, message: MessageId, number: u32) -> Result<PathBuf, Failure> {
        let transfer = self.begins_to_fetch(message, number).await?;
        let ended = self.transfer_ends(transfer).await;
        match (ended.state, ended.saved_at) {
            (TransferState::Failed(failure), _) => Err(failure),
            (_, Some(path)) => Ok(path.into()),
            (state, None) => panic!("{state:?}"),
        }
    }

    /// Begins to fetch a file, and gives the transfer's number.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn begins_to_fetch(&self, message: MessageId, number: u32) -> Result<u64, Failure> {
        let folder = self.fetched().to_str().expect("a path in UTF-8").to_owned();
        match self.tries(Command::FetchFile(FetchFile { message, number, folder })).await? {
            Reply::Transfer(transfer) => Ok(transfer.transfer),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a transfer is done or has failed.
    pub async fn transfer_ends(&self, transfer: u64) -> TransferView {
        let is_over = |view: &TransferView| matches!(view.state, TransferState::Done | TransferState::Failed(_));
        self.until(&format!("transfer {transfer} ends"), async || {
            self.transfers().await.iter().any(|view| view.transfer == transfer && is_over(view))
        })
        .await;
        let mut views = self.transfers().await;
        views.retain(|view| view.transfer == transfer);
        views.remove(0)
    }

    /// What is on its way, has failed, or was fetched.
    pub async fn transfers(&self) -> Vec<TransferView> {
        match self.command(Command::Transfers).await {
            Reply::Transfers(transfers) => transfers,
            other => panic!("{other:?}"),
        }
    }

    /// Somebody in the middle decides what gets through of the requests for files.
    pub fn file_requests_pass(&self, meddle: impl FnMut(&FileRequest) -> Passage + 'static) {
        self.0.wire.meddle(|meddling| meddling.file_requests = Some(Box::new(meddle)));
    }

    /// The server, or somebody in the middle, changes the answers to them.
    pub fn file_answers_pass(&self, meddle: impl FnMut(&FileRequest, FileResponse) -> FileResponse + 'static) {
        self.0.wire.meddle(|meddling| meddling.file_answers = Some(Box::new(meddle)));
    }
}

fn files(to: &str, paths: &[&Path], text: &str) -> SendFiles {
    let file = |path: &&Path| FileToSend {
        source: path.to_str().expect("a path in UTF-8").into(),
        name: None,
        media_type: None,
        thumbnail: None,
        duration_ms: None,
        voice: false,
        peaks: None,
    };
    let files = paths.iter().map(file).collect();
    SendFiles { to: target(to), files, text: text.into(), reply_to: None, keep_metadata: false, view_once: false }
}
