//! The files of a message: a card for each, and what is seen of pictures.

use huis_proto::MessageId;
use huis_views::{Command, FileView, MessageView, ThumbnailView, TransferState, TransferView, play_length};
use leptos::html;
use leptos::prelude::*;
use leptos::svg;

use crate::app::App;
use crate::files::{Way, look, plays, state};
use crate::parts::{follow, icon, icon_button, live, on};
use crate::{picture, say};

/// The longest side of a picture in a message, in pixels.
const SIDE: f64 = 320.0;

/// What browsers play.
const PLAYED: [&str; 10] = [
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
];

pub(super) fn files(app: App, message: &MessageView) -> AnyView {
    let files = message.files.iter().map(|file| one(app, message, file)).collect_view();
    view! { <ul class="files" role="list">{files}</ul> }.into_any()
}

fn one(app: App, message: &MessageView, file: &FileView) -> AnyView {
    let (id, number, is_sent) = (message.id, file.number, message.seq.is_some());
    let Way { told, stands, .. } = app.way(id, file);
    let (name, size, sign) = (say::file_name(file), file.size, if file.voice { "mic" } else { "file" });
    let transfer = move || app.transfer_of(id, number);
    let kind = {
        let stands = stands.clone();
        move || {
            stands.track();
            state(transfer().as_ref())
        }
    };
    let far = {
        let told = told.clone();
        move || {
            told.track();
            about(transfer().as_ref(), size, is_sent)
        }
    };
    let how_far = move || {
        told.track();
        let transfer = transfer();
        match state(transfer.as_ref()) {
            "waiting" | "running" | "paused" => progress(share(transfer.as_ref())),
            _ => icon(sign).into_any(),
        }
    };
    let buttons = move || {
        stands.track();
        buttons(app, id, number, &name, is_sent, transfer())
    };
    view! {
        <li class="file" data-state=follow(kind)>
            {shown(id, is_sent, file)}
            <div class="file-line">
                {live(how_far)}
                <span class="file-words">
                    <bdi class="file-name">{say::file_name(file)}</bdi>
                    {html::span().class("about").child(live(far))}
                </span>
                {live(buttons)}
            </div>
        </li>
    }
    .into_any()
}

/// What is seen of it, and what plays.
fn shown(message: MessageId, is_sent: bool, file: &FileView) -> Option<AnyView> {
    let (number, size, kind) = (file.number, file.size, &file.media_type);
    let is_played = is_sent && plays() && PLAYED.contains(&kind.as_str());
    let source = is_played.then(|| format!("/_media/{message}/{number}/{size}/{kind}"));
    match (&file.thumbnail, source) {
        (_, Some(source)) if file.voice => Some(spoken(&source, file)),
        (Some(thumbnail), source) if kind.starts_with("video/") => film(source, file, thumbnail),
        (thumbnail, source) => {
            let small = thumbnail.as_ref().and_then(|thumbnail| seen(message, is_sent, file, thumbnail));
            let player = source.map(|source| played(&source, file));
            Some((small, player).into_any())
        }
    }
}

/// The address of a small picture, and the room that it will have: its width and height, in pixels.
fn small(thumbnail: &ThumbnailView) -> Option<(String, String, String)> {
    let (width, height) = (f64::from(thumbnail.width), f64::from(thumbnail.height));
    let scale = (SIDE / width.max(height)).min(1.0);
    let measure = |side: f64| ((side * scale).round().max(1.0) as u32).to_string();
    Some((picture::source(&thumbnail.picture)?, measure(width), measure(height)))
}

fn image(thumbnail: &ThumbnailView, name: &str) -> Option<AnyView> {
    let (source, width, height) = small(thumbnail)?;
    let image = html::img().src(source).alt(name.to_owned()).attr("width", width).attr("height", height);
    Some(image.attr("draggable", "false").into_any())
}

/// What is seen of a picture.
fn seen(message: MessageId, is_sent: bool, file: &FileView, thumbnail: &ThumbnailView) -> Option<AnyView> {
    let image = image(thumbnail, &file.name)?;
    let name = say::text_with_name("files-look", &file.name);
    Some(
        view! {
            <button
                type="button"
                class="picture"
                title=name.clone()
                aria-label=name
                disabled=!is_sent
                data-message=message.to_string()
                data-number=file.number.to_string()
                data-size=file.size.to_string()
                data-type=file.media_type.clone()
                data-name=file.name.clone()
                data-width=thumbnail.width.to_string()
                data-height=thumbnail.height.to_string()
                on:click=on(move |event: web_sys::MouseEvent| {
                    if let Some(button) = event.current_target() {
                        look(&button);
                    }
                })
            >
                {image}
            </button>
        }
        .into_any(),
    )
}

/// Sound and film play where they stand, while they come. Nothing is asked for before somebody plays them.
fn played(source: &str, file: &FileView) -> AnyView {
    let played = html::video().attr("controls", "").attr("preload", "none").attr("src", source.to_owned());
    let class = if file.media_type.starts_with("audio/") { "is-sound" } else { "is-film" };
    played.attr("class", class).attr("aria-label", file.name.clone()).into_any()
}

/// A film of which something is seen: a picture with a mark to play it, and how long it is. `players.js` does the rest.
fn film(source: Option<String>, file: &FileView, thumbnail: &ThumbnailView) -> Option<AnyView> {
    let name = say::text_with_name("film-play", &file.name);
    let still = match source.clone() {
        None => image(thumbnail, &file.name)?,
        Some(source) => {
            let (poster, width, height) = small(thumbnail)?;
            let film = html::video().attr("preload", "none").attr("src", source).attr("poster", poster);
            film.attr("width", width).attr("height", height).attr("aria-label", file.name.clone()).into_any()
        }
    };
    let button = source.map(|_| {
        view! { <button type="button" class="film-play" title=name.clone() aria-label=name>{icon("play")}</button> }
    });
    let length = file.duration_ms.map(|ms| html::span().class("film-length").child(play_length(ms)));
    Some(
        view! {
            <div class="film" data-state="still">
                {still}
                {button}
                {length}
                <p class="plays-not">{say::text("voice-broken")}</p>
            </div>
        }
        .into_any(),
    )
}

/// A voice note; `players.js` does the rest.
fn spoken(source: &str, file: &FileView) -> AnyView {
    // How long it is, is known once it plays, where it was not said.
    let ms = file.duration_ms.unwrap_or_default();
    let is_unknown = ms == 0;
    let length = if is_unknown { String::new() } else { play_length(ms) };
    let (play, pause) = (say::text("voice-play"), say::text("voice-pause"));
    let sound = html::audio().attr("preload", "none").attr("src", source.to_owned());
    view! {
        <div class="voice" data-state="paused" data-ms=ms.to_string()>
            <button
                type="button"
                class="icon-button voice-play"
                title=play.clone()
                aria-label=play.clone()
                data-play=play
                data-pause=pause
            >
                {icon("play")}
                {icon("pause")}
            </button>
            <span class="voice-course">
                {file.peaks.as_ref().map(|peaks| wave(peaks))}
                <input
                    type="range"
                    class="voice-place"
                    min="0"
                    max=ms.to_string()
                    step="100"
                    value="0"
                    disabled=is_unknown
                    aria-label=say::text("voice-place")
                />
            </span>
            <span class="voice-time">{length}</span>
            <button type="button" class="voice-speed" title=say::text("voice-speed")>"1×"</button>
            {sound}
            <p class="plays-not">{say::text("voice-broken")}</p>
        </div>
    }
    .into_any()
}

/// How loud a voice note is: once as it is, and once for what was heard of it.
fn wave(peaks: &[u8]) -> AnyView {
    let mut course = String::new();
    for (at, peak) in peaks.iter().enumerate() {
        // Silence is seen as well.
        let half = u32::from(*peak).max(16);
        course.push_str(&format!("M{} {}h6v{}h-6z", 10 * at, 256 - half, 2 * half));
    }
    let line = |class| svg::path().attr("class", class).attr("d", course.clone());
    svg::svg()
        .attr("class", "voice-wave")
        .attr("viewBox", format!("0 0 {} 512", 10 * peaks.len()))
        .attr("preserveAspectRatio", "none")
        .attr("aria-hidden", "true")
        .child((line("all"), line("played")))
        .into_any()
}

fn share(way: Option<&TransferView>) -> u64 {
    way.map_or(0, |way| (way.done.saturating_mul(100)).checked_div(way.size).unwrap_or(100).min(100))
}

/// A ring that fills.
fn progress(percent: u64) -> AnyView {
    let circle = |class: &'static str| {
        svg::circle().attr("class", class).attr("cx", "12").attr("cy", "12").attr("r", "9").attr("pathLength", "100")
    };
    let ring = circle("ring-done").attr("stroke-dasharray", format!("{percent} 100"));
    svg::svg()
        .attr("class", "icon ring")
        .attr("viewBox", "0 0 24 24")
        .attr("role", "progressbar")
        .attr("aria-valuenow", percent.to_string())
        .attr("aria-label", say::text("files-progress"))
        .child((circle("ring-all"), ring))
        .into_any()
}

/// The size, and how far it is.
fn about(way: Option<&TransferView>, size: u64, is_sent: bool) -> String {
    let whole = say::size(size);
    let Some(way) = way else { return whole };
    let far = || {
        let done = say::size(way.done);
        say::text_with("files-done-of", &[("done", done.as_str().into()), ("size", whole.as_str().into())])
    };
    match &way.state {
        TransferState::Done => whole,
        // Why it did not go is said of its message.
        TransferState::Failed(_) if !is_sent => whole,
        TransferState::Waiting => format!("{whole} · {}", say::text("file-waiting")),
        TransferState::Paused => format!("{} · {}", far(), say::text("file-paused")),
        TransferState::Failed(failure) => say::failure(failure),
        TransferState::Running => {
            let mut words = far();
            if let Some(speed) = way.bytes_per_s.filter(|speed| *speed > 0) {
                words.push_str(&format!(" · {}/s", say::size(speed)));
            }
            if let Some(left) = way.remaining_s {
                words.push_str(" · ");
                words.push_str(&remaining(left));
            }
            words
        }
    }
}

fn remaining(seconds: u64) -> String {
    match seconds {
        0..60 => say::text_with_count("files-left-seconds", seconds),
        60..3600 => say::text_with_count("files-left-minutes", seconds.div_ceil(60)),
        _ => say::text_with_count("files-left-hours", seconds.div_ceil(3600)),
    }
}

/// What can be done with it as it stands.
fn buttons(app: App, message: MessageId, number: u32, name: &str, is_sent: bool, way: Option<TransferView>) -> AnyView {
    let named = |key: &str| say::text_with_name(key, name);
    let fetch = || icon_button("down", named("files-fetch"), move || app.fetch_file(message, number));
    let Some(way) = way else { return if is_sent { fetch() } else { ().into_any() } };
    let (transfer, outgoing) = (way.transfer, way.outgoing);
    let kind = state(Some(&way));
    let cancel = || {
        icon_button("close", named("files-cancel"), move || {
            if outgoing {
                app.ask_discard(message);
            } else {
                app.do_with_way(Command::CancelTransfer { transfer }, message);
            }
        })
    };
    let resume = |sign, key| {
        icon_button(sign, named(key), move || app.do_with_way(Command::ResumeTransfer { transfer }, message))
    };
    match kind {
        "waiting" | "running" => {
            let pause = icon_button("pause", named("files-pause"), move || {
                app.do_with_way(Command::PauseTransfer { transfer }, message);
            });
            (pause, cancel()).into_any()
        }
        "paused" => (resume("play", "files-resume"), cancel()).into_any(),
        // Beside a message that was not sent stands what can be done with all of it.
        "failed" if !outgoing => (resume("retry", "files-again"), cancel()).into_any(),
        "done" if !outgoing => {
            (icon_button("down", named("files-save"), move || app.save_file(&way)), cancel()).into_any()
        }
        _ if is_sent => fetch(),
        _ => ().into_any(),
    }
}
