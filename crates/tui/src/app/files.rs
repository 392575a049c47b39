//! Files of messages: saved, paused, gone on with and cancelled, and what is said of those that are sent.

use huis_proto::{ConversationId, MessageId};
use huis_texts::Value;
use huis_views::{Command, FetchFile, MessageView, SendFiles, TransferState, TransferView};

use super::{App, Effect, FileSearch, Purpose};
use crate::overlays::{FILES, Files, Overlay, Viewer, counted};
use crate::slash::{self, Mistake, Wanted};
use crate::timeline::Picture;

impl App {
    pub(super) fn show_files(&mut self, conversation: ConversationId) {
        self.overlay = Some(Overlay::Files(Files::new(conversation)));
    }

    /// The files that are shown, if any are.
    pub(super) fn shown_files(&mut self) -> Option<&mut Files> {
        if let Some(Overlay::Files(files)) = &mut self.overlay { Some(files) } else { None }
    }

    /// Something happened to messages of a conversation whose files are perhaps shown.
    pub(super) fn look_at_files_again(&mut self, conversation: ConversationId, messages: &[MessageId]) {
        let Some(files) = self.shown_files().filter(|files| files.conversation == conversation) else { return };
        let held: Vec<MessageId> = messages.iter().copied().filter(|message| files.holds(*message)).collect();
        if held.len() < messages.len() {
            files.look_again();
        }
        for message in held {
            self.read_message(message);
        }
    }

    /// Asks for files that are to be shown.
    pub(super) fn read_files(&mut self) {
        let Some(files) = self.shown_files() else { return };
        let conversation = files.conversation;
        if let Some(before) = files.take_wanted() {
            let command = Command::Files { conversation: Some(conversation), before, most: FILES };
            self.read(Purpose::Files { conversation, before }, command);
        }
    }

    /// Saves a file of a message, counted from 1, under a name that nothing has yet; it is never opened.
    pub(crate) fn save_file(&mut self, message: MessageId, number: u32, folder: Option<String>) {
        let Some(folder) = folder.or_else(|| self.folder.clone()) else { return self.mistaken(&Mistake::Nowhere) };
        let command = Command::FetchFile(FetchFile { message, number, folder: folder.clone() });
        self.effects.push(Effect::Ask { purpose: Purpose::Save { folder }, command });
    }

    pub(crate) fn save_files(&mut self, files: &[(MessageId, u32)]) {
        for (message, number) in files {
            self.save_file(*message, *number, None);
        }
    }

    /// Saves all files of a message that is held.
    pub(super) fn save_files_of(&mut self, message: MessageId, folder: Option<&String>) {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        let numbers: Vec<u32> = view.into_iter().flat_map(|view| &view.files).map(|file| file.number).collect();
        if numbers.is_empty() {
            self.mistaken(&Mistake::NoFile);
        }
        for number in numbers {
            self.save_file(message, number, folder.cloned());
        }
    }

    /// Looks for a file, to save it.
    pub(super) fn find_file(&mut self, search: FileSearch) {
        let (conversation, before) = (Some(search.conversation), search.before);
        let command = Command::Files { conversation, before, most: FILES };
        self.effects.push(Effect::Ask { purpose: Purpose::Find(search), command });
    }

    /// A page of messages with files came in which one is looked for.
    pub(super) fn find_among(&mut self, search: &FileSearch, page: &[MessageView]) {
        let name = |typed: &str, fits: fn(&str, &str) -> bool| {
            let typed = slash::folded(typed);
            counted(page).find(|(_, file)| fits(&slash::folded(&file.name), &typed))
        };
        let found = match &search.wanted {
            Wanted::Newest => counted(page).find(|(message, _)| !message.own),
            Wanted::Number(number) => {
                let at = number.checked_sub(search.passed + 1).and_then(|at| usize::try_from(at).ok());
                at.and_then(|at| counted(page).nth(at))
            }
            Wanted::Named(typed) => {
                name(typed, |name, typed| name == typed).or_else(|| name(typed, |name, typed| name.starts_with(typed)))
            }
        };
        if let Some((message, file)) = found {
            return self.save_file(message.id, file.number, search.folder.clone());
        }
        let is_over = page.len() < FILES as usize || search.wanted == Wanted::Number(0);
        match page.first().filter(|_| !is_over) {
            Some(oldest) => {
                let passed = search.passed + counted(page).count() as u64;
                self.find_file(FileSearch { before: Some(oldest.position), passed, ..search.clone() });
            }
            None => self.mistaken(&Mistake::NoFile),
        }
    }

    /// A file that was to be saved is on its way, or is there already.
    pub(super) fn is_saved(&mut self, folder: &str, transfer: &TransferView) {
        self.came_on(transfer);
        let cut = |text: &str| crate::cells::cut(&huis_texts::safe_line(text), 80);
        let name = cut(&transfer.name);
        let text = match &transfer.saved_at {
            Some(path) => {
                let values = [("name", Value::Text(&name)), ("path", Value::Text(&cut(path)))];
                self.texts.text_with("file-is-here", &values)
            }
            None => {
                let values = [("name", Value::Text(&name)), ("folder", Value::Text(&cut(folder)))];
                self.texts.text_with("file-is-saved", &values)
            }
        };
        self.say(text);
    }

    /// A file came on.
    pub(super) fn came_on(&mut self, transfer: &TransferView) {
        if let Some(files) = self.shown_files() {
            files.comes_on(transfer);
        }
        if self.timeline.as_ref().is_some_and(|timeline| timeline.message(transfer.message).is_some()) {
            self.read_message(transfer.message);
        }
    }

    /// Has the pictures decoded that came on the screen, and lets go of those whose messages went.
    pub(super) fn look_at_pictures(&mut self) {
        let in_sight = self.with_timeline(|timeline, env| env.gallery.map(|_| timeline.pictures_in_sight(env)));
        let (Some(Some(mut in_sight)), Some(timeline)) = (in_sight, &self.timeline) else {
            return self.gallery.clear();
        };
        let bytes = |picture: Picture| {
            let files = timeline.message(picture.message).map(|message| &message.files);
            let file = files.into_iter().flatten().find(|file| file.number == picture.number);
            file.and_then(|file| file.thumbnail.as_ref()).map(|small| small.picture.clone())
        };
        if let Some(Overlay::Viewer(viewer)) = &self.overlay {
            match viewer.picture(self.size) {
                Some(picture) if bytes(picture).is_some() => in_sight.push(picture),
                // What has gone is not looked at any longer.
                _ => self.overlay = None,
            }
        }
        for picture in self.gallery.look(&in_sight, |message| timeline.message(message).is_some()) {
            if let Some(bytes) = bytes(picture) {
                self.effects.push(Effect::Decode(picture, bytes));
            }
        }
    }

    /// Shows the small pictures of a message as large as there is room.
    pub(super) fn view_pictures(&mut self, message: MessageId) {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        let is_drawn = self.settings.pictures.are_drawn(self.settings.theme.depth);
        match view.and_then(Viewer::of).filter(|_| is_drawn) {
            Some(viewer) => self.overlay = Some(Overlay::Viewer(viewer)),
            None => self.say(self.texts.text("picture-none")),
        }
    }

    pub(crate) fn pause_transfers<'a>(&mut self, transfers: impl IntoIterator<Item = &'a TransferView>) {
        for transfer in transfers {
            self.act(Command::PauseTransfer { transfer: transfer.transfer });
        }
    }

    pub(crate) fn resume_transfers<'a>(&mut self, transfers: impl IntoIterator<Item = &'a TransferView>) {
        for transfer in transfers {
            self.act(Command::ResumeTransfer { transfer: transfer.transfer });
        }
    }

    pub(crate) fn cancel_transfers<'a>(&mut self, transfers: impl IntoIterator<Item = &'a TransferView>) {
        for transfer in transfers {
            self.act(Command::CancelTransfer { transfer: transfer.transfer });
        }
    }

    /// The ways of a held message's files that stand as wished.
    fn transfers_of(&self, message: MessageId, wished: impl Fn(&TransferView) -> bool) -> Vec<TransferView> {
        let view = self.timeline.as_ref().and_then(|timeline| timeline.message(message));
        let transfers = view.into_iter().flat_map(|view| &view.files).filter_map(|file| file.transfer.as_ref());
        transfers.filter(|transfer| wished(transfer)).cloned().collect()
    }

    /// Pauses a message's files; where none goes on, goes on with them.
    pub(super) fn pause_or_go_on(&mut self, message: MessageId) {
        let goes = self.transfers_of(message, |transfer| {
            matches!(transfer.state, TransferState::Waiting | TransferState::Running)
        });
        if !goes.is_empty() {
            return self.pause_transfers(&goes);
        }
        let stands = self.transfers_of(message, |transfer| {
            matches!(transfer.state, TransferState::Paused | TransferState::Failed(_))
        });
        self.resume_transfers(&stands);
    }

    /// Tries again what failed of a message's files.
    pub(super) fn retry_files(&mut self, message: MessageId) {
        let failed = self.transfers_of(message, |transfer| matches!(transfer.state, TransferState::Failed(_)));
        self.resume_transfers(&failed);
    }

    /// Gives up what is not there of the files of a message by somebody else.
    pub(super) fn cancel_files(&mut self, message: MessageId) {
        let begun = self.transfers_of(message, |transfer| !transfer.outgoing && transfer.state != TransferState::Done);
        self.cancel_transfers(&begun);
    }

    /// For what a file is sent: of a picture it is said what was taken out of it.
    pub(super) fn sending(wish: &SendFiles) -> Purpose {
        let bytes = if wish.keep_metadata { None } else { slash::length(wish) };
        Purpose::SendFile { bytes }
    }

    /// Says what was taken out of a file that is sent, and of what nothing can be.
    pub(super) fn say_what_was_taken_out(&mut self, bytes: u64, message: &MessageView) {
        self.changed = false;
        let Some(file) = message.files.first() else { return };
        let name = crate::cells::cut(&file.name, 60);
        let text = |key| self.texts.text_with(key, &[("name", Value::Text(&name))]);
        if file.may_say_where_it_was_taken() {
            let text = text("file-not-cleaned");
            self.changed = true;
            self.say_wrong(text);
        } else if file.size < bytes {
            let text = text("file-cleaned");
            self.changed = true;
            self.say(text);
        }
    }
}
