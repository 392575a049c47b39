//! The ways of files to the server and from it, as they are told, and what a person does with them.

use std::collections::{HashMap, HashSet};

use huis_proto::MessageId;
use huis_views::{Command, Failure, FetchFile, FileView, Reply, TransferState, TransferView};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::browser;
use crate::app::App;
use crate::{json, port};

type Way = ArcRwSignal<Option<TransferView>>;

/// The ways of the files of the open conversation. How far they are changes often, so it is not read with the message.
#[derive(Default)]
pub(crate) struct Ways {
    known: HashMap<(MessageId, u32), Way>,
    /// The transfers that are saved when they are there: somebody asked for them here.
    wanted: HashSet<u64>,
}

/// How a transfer stands, in a word; `none` where there is none.
pub(crate) fn state(way: Option<&TransferView>) -> &'static str {
    match way.map(|way| &way.state) {
        None => "none",
        Some(TransferState::Waiting) => "waiting",
        Some(TransferState::Running) => "running",
        Some(TransferState::Paused) => "paused",
        Some(TransferState::Done) => "done",
        Some(TransferState::Failed(_)) => "failed",
    }
}

fn is_same(one: Option<&TransferView>, other: Option<&TransferView>) -> bool {
    one.map(|one| one.transfer) == other.map(|other| other.transfer) && state(one) == state(other)
}

impl App {
    /// The way of a file of a message.
    pub(crate) fn way(self, message: MessageId, file: &FileView) -> Way {
        let key = (message, file.number);
        let known = self.talk.ways.with_value(|ways| ways.known.get(&key).cloned());
        if let Some(way) = known {
            // Of the same state what was told is newer than what was read.
            if !way.with_untracked(|way| is_same(way.as_ref(), file.transfer.as_ref())) {
                way.set(file.transfer.clone());
            }
            return way;
        }
        let way = Way::new(file.transfer.clone());
        self.talk.ways.update_value(|ways| {
            ways.known.insert(key, way.clone());
        });
        way
    }

    /// The engine tells how far a transfer is. Says whether its message has to be read anew.
    pub(crate) fn on_way(self, transfer: TransferView) -> bool {
        let key = (transfer.message, transfer.number);
        let way = self.talk.ways.with_value(|ways| ways.known.get(&key).cloned());
        let Some(way) = way else { return true };
        let is_same = way.with_untracked(|way| is_same(way.as_ref(), Some(&transfer)));
        let is_wanted = transfer.state == TransferState::Done
            && self.talk.ways.try_update_value(|ways| ways.wanted.remove(&transfer.transfer)) == Some(true);
        way.set(Some(transfer.clone()));
        if is_wanted {
            self.save_file(&transfer);
        }
        !is_same
    }

    /// Fetches a file, and saves it when it is there.
    pub(crate) fn fetch_file(self, message: MessageId, number: u32) {
        spawn_local(async move {
            match port::ask(Command::FetchFile(FetchFile { message, number, folder: String::new() })).await {
                Ok(Reply::Transfer(transfer)) if transfer.state == TransferState::Done => self.save_file(&transfer),
                Ok(Reply::Transfer(transfer)) => {
                    self.talk.ways.update_value(|ways| {
                        ways.wanted.insert(transfer.transfer);
                    });
                    self.messages_changed(&[message]);
                }
                Ok(_) => {}
                Err(failure) => self.say_failure(&failure),
            }
        });
    }

    /// Gives a person a file that was fetched; what was kept of it here goes then.
    pub(crate) fn save_file(self, transfer: &TransferView) {
        let TransferView { transfer, message, number, name, size, .. } = transfer.clone();
        spawn_local(async move {
            let Some(browser) = browser() else { return };
            let saved = browser.save(&message.to_string(), number, &name, size as f64).await;
            match saved.ok().filter(|why| !why.is_undefined()).and_then(|why| why.as_string()) {
                None => self.do_with_way(Command::CancelTransfer { transfer }, message),
                Some(why) => self.say_failure(&json::read(&why).unwrap_or(Failure::Stopped)),
            }
        });
    }

    /// Pauses, goes on or gives up.
    pub(crate) fn do_with_way(self, command: Command, message: MessageId) {
        spawn_local(async move {
            if let Err(failure) = port::ask(command).await {
                self.say_failure(&failure);
            }
            self.messages_changed(&[message]);
        });
    }
}

/// Shows the picture of this button large.
pub(crate) fn look(button: &wasm_bindgen::JsValue) {
    const WORDS: [&str; 7] = [
        "viewer-title",
        "key-close",
        "viewer-nearer",
        "viewer-farther",
        "viewer-before",
        "viewer-after",
        "viewer-broken",
    ];
    if let Some(browser) = browser() {
        let words: Vec<_> = WORDS.iter().map(|key| crate::say::text(key)).collect();
        let _ = browser.look(button, &words.join("\n"));
    }
}
