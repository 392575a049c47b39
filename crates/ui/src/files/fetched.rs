//! The ways of files to the server and from it, as they are told, and what a person does with them.

use huis_proto::MessageId;
use huis_views::{Command, Failure, FetchFile, FileView, Reply, TransferState, TransferView};
use leptos::task::spawn_local;

use super::browser;
use crate::app::App;
use crate::port;
use crate::signals::ArcRwSignal;
use huis_views::json;

/// The way of one file.
#[derive(Clone)]
pub(crate) struct Way {
    message: MessageId,
    number: u32,
    /// Changes with each word of how far it is.
    pub(crate) told: ArcRwSignal<u32>,
    /// Changes when it stands otherwise, and something else can be done with it.
    pub(crate) stands: ArcRwSignal<u32>,
    transfer: Option<TransferView>,
}

/// The ways of the files of the open conversation. How far they are changes often, so it is not read with the message.
#[derive(Default)]
pub(crate) struct Ways {
    known: Vec<Way>,
    /// The transfers that are saved when they are there: somebody asked for them here.
    wanted: Vec<u64>,
}

impl Ways {
    fn find(&mut self, message: MessageId, number: u32) -> Option<&mut Way> {
        self.known.iter_mut().find(|way| way.message == message && way.number == number)
    }
}

impl Way {
    fn stands_as(&self, other: Option<&TransferView>) -> bool {
        let own = self.transfer.as_ref();
        own.map(|own| own.transfer) == other.map(|other| other.transfer) && state(own) == state(other)
    }

    /// Gives what changes, to be told once nothing holds the ways.
    fn set(&mut self, transfer: Option<TransferView>) -> (ArcRwSignal<u32>, Option<ArcRwSignal<u32>>) {
        let stands = (!self.stands_as(transfer.as_ref())).then(|| self.stands.clone());
        self.transfer = transfer;
        (self.told.clone(), stands)
    }
}

fn tell((told, stands): (ArcRwSignal<u32>, Option<ArcRwSignal<u32>>)) {
    for signal in stands.into_iter().chain([told]) {
        signal.update(|changes| *changes = changes.wrapping_add(1));
    }
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

impl App {
    /// The way of a file of a message, as it was read with it.
    pub(crate) fn way(self, message: MessageId, file: &FileView) -> Way {
        let way = self.talk.ways.try_update_value(|ways| {
            if let Some(way) = ways.find(message, file.number) {
                // Of the same standing what was told is newer than what was read.
                if !way.stands_as(file.transfer.as_ref()) {
                    way.transfer.clone_from(&file.transfer);
                }
                return way.clone();
            }
            let (told, stands) = (ArcRwSignal::new(0), ArcRwSignal::new(0));
            let way = Way { message, number: file.number, told, stands, transfer: file.transfer.clone() };
            ways.known.push(way.clone());
            way
        });
        way.unwrap_or_else(|| Way {
            message,
            number: file.number,
            told: ArcRwSignal::new(0),
            stands: ArcRwSignal::new(0),
            transfer: None,
        })
    }

    /// How far a file is.
    pub(crate) fn transfer_of(self, message: MessageId, number: u32) -> Option<TransferView> {
        self.talk.ways.try_update_value(|ways| ways.find(message, number)?.transfer.clone()).flatten()
    }

    /// The engine tells how far a transfer is. Says whether its message has to be read anew.
    pub(crate) fn on_way(self, transfer: TransferView) -> bool {
        let found = self.talk.ways.try_update_value(|ways| {
            let is_wanted = transfer.state == TransferState::Done && ways.wanted.contains(&transfer.transfer);
            ways.wanted.retain(|wanted| !is_wanted || *wanted != transfer.transfer);
            let changed = ways.find(transfer.message, transfer.number)?.set(Some(transfer.clone()));
            Some((changed, is_wanted))
        });
        let Some((changed, is_wanted)) = found.flatten() else { return true };
        let stands_otherwise = changed.1.is_some();
        tell(changed);
        if is_wanted {
            self.save_file(&transfer);
        }
        stands_otherwise
    }

    /// Fetches a file, and saves it when it is there.
    pub(crate) fn fetch_file(self, message: MessageId, number: u32) {
        spawn_local(async move {
            match port::ask(Command::FetchFile(FetchFile { message, number, folder: String::new() })).await {
                Ok(Reply::Transfer(transfer)) if transfer.state == TransferState::Done => self.save_file(&transfer),
                Ok(Reply::Transfer(transfer)) => {
                    self.talk.ways.update_value(|ways| {
                        ways.wanted.push(transfer.transfer);
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
