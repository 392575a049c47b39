//! The files of a message: a card for each, and what is seen of pictures.

use huis_proto::MessageId;
use huis_views::{Command, FileView, MessageView, ThumbnailView, TransferState, TransferView};
use leptos::html;
use leptos::prelude::*;
use leptos::svg;

use crate::app::App;
use crate::files::{look, plays, state};
use crate::parts::{follow, icon, icon_button, live, on};
use crate::{dates, picture, say};

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
    let way = app.way(id, file);
    let kind = {
        let way = way.clone();
        Memo::new(move |_| way.with(|way| state(way.as_ref())))
    };
    let (name, size) = (file.name.clone(), file.size);
    let about = {
        let way = way.clone();
        move || way.with(|way| about(way.as_ref(), size))
    };
    let ring = {
        let way = way.clone();
        move || way.with(|way| share(way.as_ref()))
    };
    let buttons = move || buttons(app, id, number, &name, is_sent, kind.get(), way.get_untracked());
    view! {
        <li class="file" data-state=follow(move || kind.get())>
            {file.thumbnail.as_ref().and_then(|thumbnail| seen(id, is_sent, file, thumbnail))}
            {(is_sent && plays()).then(|| played(id, file))}
            <div class="file-line">
                {live(move || if matches!(kind.get(), "waiting" | "running" | "paused") { progress(ring()) } else { icon("file").into_any() })}
                <span class="file-words">
                    <bdi class="file-name">{file.name.clone()}</bdi>
                    {html::span().class("about").child(live(about))}
                </span>
                {live(buttons)}
            </div>
        </li>
    }
    .into_any()
}

/// What is seen of a picture, in the room that it will have.
fn seen(message: MessageId, is_sent: bool, file: &FileView, thumbnail: &ThumbnailView) -> Option<AnyView> {
    let source = picture::source(&thumbnail.picture)?;
    let (width, height) = (f64::from(thumbnail.width), f64::from(thumbnail.height));
    let scale = (SIDE / width.max(height)).min(1.0);
    let measure = |side: f64| (side * scale).round().max(1.0).to_string();
    let image = html::img()
        .src(source)
        .alt(file.name.clone())
        .attr("width", measure(width))
        .attr("height", measure(height))
        .attr("draggable", "false");
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
fn played(message: MessageId, file: &FileView) -> AnyView {
    let (number, size, kind) = (file.number, file.size, &file.media_type);
    if !PLAYED.contains(&kind.as_str()) {
        return ().into_any();
    }
    let source = format!("/_media/{message}/{number}/{size}/{kind}");
    if kind.starts_with("audio/") {
        html::audio()
            .attr("controls", "")
            .attr("preload", "none")
            .attr("src", source)
            .attr("aria-label", file.name.clone())
            .into_any()
    } else {
        html::video()
            .attr("controls", "")
            .attr("preload", "none")
            .attr("src", source)
            .attr("aria-label", file.name.clone())
            .into_any()
    }
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
fn about(way: Option<&TransferView>, size: u64) -> String {
    let whole = dates::bytes(size as f64);
    let Some(way) = way else { return whole };
    let far = || {
        let done = dates::bytes(way.done as f64);
        say::text_with("files-done-of", &[("done", done.as_str().into()), ("size", whole.as_str().into())])
    };
    match &way.state {
        TransferState::Done => whole,
        TransferState::Waiting => format!("{whole} · {}", say::text("file-waiting")),
        TransferState::Paused => format!("{} · {}", far(), say::text("file-paused")),
        TransferState::Failed(failure) => say::failure(failure),
        TransferState::Running => {
            let mut words = far();
            if let Some(speed) = way.bytes_per_s.filter(|speed| *speed > 0) {
                words.push_str(&format!(" · {}/s", dates::bytes(speed as f64)));
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
fn buttons(
    app: App,
    message: MessageId,
    number: u32,
    name: &str,
    is_sent: bool,
    kind: &'static str,
    way: Option<TransferView>,
) -> AnyView {
    let named = |key: &str| say::text_with_name(key, name);
    let fetch = || icon_button("down", named("files-fetch"), move || app.fetch_file(message, number));
    let Some(way) = way else { return if is_sent { fetch() } else { ().into_any() } };
    let (transfer, outgoing) = (way.transfer, way.outgoing);
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
