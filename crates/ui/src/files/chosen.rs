//! What is chosen to be sent: it stands above the text until it goes with it.

use huis_proto::limits;
use huis_views::{
    Failure, FileToSend, Reply, SendFiles, Target, ThumbnailView, ToSend, Wish, name_may_say_where_it_was_taken,
};
use js_sys::{Array, Uint8Array};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use super::browser;
use crate::app::App;
use crate::composer::{Mode, sending};
use crate::parts::{follow, icon, icon_button, live, switch};
use crate::signals::ArcRwSignal;
use crate::{port, say};
use huis_views::json;

/// The most bytes of one small picture, and of all of a message.
const PICTURE: usize = 16 * 1024;
const PICTURES: usize = 48 * 1024;
/// A copy that is whole, in hundredths, and on the disk.
const WHOLE: u32 = 101;

/// A chosen file.
#[derive(Clone)]
pub(crate) struct Chosen {
    /// What its copy is called.
    path: String,
    name: String,
    size: f64,
    /// How much of the copy is there, in hundredths.
    share: ArcRwSignal<u32>,
}

impl Chosen {
    fn is_ready(&self) -> bool {
        self.share.get() >= WHOLE
    }

    /// It is not sent, or its transfer has it.
    pub(crate) fn let_go(&self) {
        drop_copy(&self.path);
    }
}

impl App {
    /// `files.js` tells of a chosen file: of a new one its name and size; then how much of it is copied, or why it is not.
    pub(super) fn chosen(self, path: String, text: String, number: f64) {
        let files = self.composer.files;
        let known = files.with_untracked(|files| files.iter().find(|file| file.path == path).cloned());
        match known {
            Some(file) if number >= 0.0 => file.share.set(if number > 1.0 { WHOLE } else { (number * 100.0) as u32 }),
            Some(_) => {
                self.forget_chosen(&path);
                let failure = json::read(&text).unwrap_or(Failure::Stopped);
                self.say_failure(&failure);
            }
            // Somebody took it out again.
            None if text.is_empty() || number < 0.0 => {}
            None if files.with_untracked(Vec::len) >= limits::FILES_PER_MESSAGE => {
                drop_copy(&path);
                self.say_wrong(say::text_with_count("files-too-many", limits::FILES_PER_MESSAGE));
            }
            None => {
                files.update(|files| files.push(Chosen { path, name: text, size: number, share: ArcRwSignal::new(0) }));
                crate::page::focus("composer-text");
            }
        }
    }

    pub(crate) fn forget_chosen(self, path: &str) {
        drop_copy(path);
        self.composer.files.update(|files| files.retain(|file| file.path != path));
    }

    /// Sends what is chosen, with this text.
    pub(crate) fn send_chosen(self, to: Target, text: String, mode: Mode, wish: Wish) {
        let files = self.composer.files.get_untracked();
        let reply_to = if let Mode::Reply(message) = mode { Some(message) } else { None };
        let keep_metadata = !self.composer.strips.get_untracked();
        self.composer.files.set(Vec::new());
        spawn_local(async move {
            let most = PICTURE.min(PICTURES / files.len().max(1));
            let mut to_send = Vec::with_capacity(files.len());
            for file in &files {
                let (thumbnail, duration_ms) = seen(&file.path, most).await.unzip();
                to_send.push(FileToSend {
                    source: file.path.clone(),
                    name: Some(file.name.clone()),
                    media_type: None,
                    thumbnail,
                    duration_ms: duration_ms.flatten(),
                    voice: false,
                    peaks: None,
                });
            }
            let view_once = wish.view_once;
            let (addressed, said) = (to.clone(), text.clone());
            let what = SendFiles { to: addressed, files: to_send, text: said, reply_to, keep_metadata, view_once };
            match port::ask(sending(ToSend::Files(what), wish)).await {
                Ok(reply) => {
                    files.iter().for_each(Chosen::let_go);
                    if let (Reply::Sent(sent), Target::Account(_)) = (reply, to) {
                        self.first_word_sent(sent.conversation);
                    }
                }
                Err(failure) => {
                    if self.not_sent(&to, mode, wish, &text, &failure) {
                        self.composer.files.update(|newer| newer.splice(0..0, files).for_each(drop));
                    } else {
                        // Of what is written elsewhere the text alone is kept.
                        files.iter().for_each(Chosen::let_go);
                    }
                }
            }
        });
    }
}

pub(super) fn drop_copy(path: &str) {
    if let Some(browser) = browser() {
        browser.drop(path);
    }
}

/// A small picture of a chosen file, with its own measures, and how long it plays, in milliseconds.
async fn seen(path: &str, most: usize) -> Option<(ThumbnailView, Option<u64>)> {
    let made = browser()?.picture(path, most as u32).await.ok()?;
    let made: Array = made.dyn_into().ok()?;
    let picture: Uint8Array = made.get(0).dyn_into().ok()?;
    let measure = |at| made.get(at).as_f64().map(|measure| measure as u32);
    let thumbnail = ThumbnailView { picture: picture.to_vec().into(), width: measure(1)?, height: measure(2)? };
    Some((thumbnail, measure(3).map(u64::from)))
}

/// The chosen files, each with a way out again.
pub(crate) fn tray(app: App) -> AnyView {
    let files = app.composer.files;
    let has_photo = move || files.with(|files| files.iter().any(|file| is_photo(&file.name)));
    let is_kept_whole =
        move || files.with(|files| files.iter().any(|file| name_may_say_where_it_was_taken(&file.name)));
    view! {
        {live(move || (!files.with(Vec::is_empty)).then(|| {
            let rows = files.get().into_iter().map(|file| row(app, file)).collect_view();
            view! {
                <ul class="tray" role="list" data-view="tray" aria-label=say::text("files-to-send")>{rows}</ul>
            }
        }))}
        {live(move || has_photo().then(|| {
            let strips = app.composer.strips;
            view! {
                <div class="tray-wish">
                    {switch(say::text("files-strip"), say::text("files-strip-about"), move || strips.get(), move |is_on| strips.set(is_on))}
                </div>
            }
        }))}
        {live(move || is_kept_whole().then(|| {
            view! { <p class="tray-wish" data-view="tray-note">{say::text("files-not-stripped")}</p> }
        }))}
    }
    .into_any()
}

/// Whether what says where a photo was taken can be taken out of it.
fn is_photo(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    ["jpg", "jpeg", "png", "webp"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

fn row(app: App, file: Chosen) -> AnyView {
    let Chosen { path, name, size, share } = file;
    let shown = say::line(&name, 120);
    let about = {
        let share = share.clone();
        move || {
            let share = share.get();
            let size = say::size(size as u64);
            if share >= WHOLE { size } else { format!("{size} · {share} %") }
        }
    };
    view! {
        <li class="tray-file" data-state=follow(move || if share.get() >= WHOLE { "ready" } else { "copying" })>
            {icon("file")}
            <bdi class="file-name">{shown.clone()}</bdi>
            {html::span().class("about").child(live(about))}
            {icon_button("close", say::text_with_name("files-take-out", &shown), move || app.forget_chosen(&path))}
        </li>
    }
    .into_any()
}

/// Whether something is chosen, and all of it can go.
pub(crate) fn standing(app: App) -> (bool, bool) {
    app.composer.files.with(|files| (!files.is_empty(), files.iter().all(Chosen::is_ready)))
}
