//! `huis profile` and `preferences`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use huis_proto::Bytes;
use huis_texts::safe_line;
use huis_views::{CardView, Command, Preferences as Preferred, Reply, SetCard};
use serde::Serialize;

use super::{Context, freshen, settle};
use crate::outcome::{Outcome, Stop};

/// The largest picture, in bytes; what is larger is not even read.
const PICTURE: u64 = 32 * 1024;

/// Show or change what you show of yourself to those with whom you talk
///
/// It is sealed, and goes along with your next message in each conversation with somebody who has answered or in a group;
/// never into open rooms. Your username stays what others know you by.
#[derive(Debug, Args)]
pub(crate) struct Profile {
    /// A name as you write it; an empty one takes it away
    #[arg(long)]
    name: Option<String>,
    /// A line about yourself; an empty one takes it away
    #[arg(long, value_name = "LINE")]
    about: Option<String>,
    /// A picture: PNG, JPEG or WebP, at most 32 KiB
    #[arg(long, value_name = "FILE", conflicts_with = "no_picture", value_hint = clap::ValueHint::FilePath)]
    picture: Option<PathBuf>,
    /// Take the picture away
    #[arg(long)]
    no_picture: bool,
}

/// Show or change what others learn of your reading and writing
///
/// It holds on all your devices.
#[derive(Debug, Args)]
pub(crate) struct Preferences {
    /// Whether others learn what you have read; that it was delivered they learn in any case
    #[arg(long, value_name = "ON|OFF")]
    read_receipts: Option<Switch>,
    /// Whether others see that you are there or writing; if not, you do not see it of them
    #[arg(long, value_name = "ON|OFF")]
    presence: Option<Switch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Serialize)]
struct CardLine<'a> {
    name: Option<&'a str>,
    about: Option<&'a str>,
    /// The picture's size in bytes.
    picture_bytes: Option<usize>,
}

impl Profile {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let picture = match &self.picture {
            Some(file) => Some(read_picture(file)?),
            None => self.no_picture.then(Bytes::default),
        };
        let wish = SetCard { name: self.name, about: self.about, picture };
        let reply = context
            .with_session(async |session| {
                if wish == SetCard::default() {
                    freshen(session).await?;
                    return session.ask(Command::Card).await;
                }
                settle(session).await?;
                session.ask(Command::SetCard(wish)).await
            })
            .await?;
        let Reply::Card(card) = reply else { return Err(Stop::unexpected(&reply)) };
        let line = CardLine {
            name: card.name.as_deref(),
            about: card.about.as_deref(),
            picture_bytes: card.picture.as_ref().map(|picture| picture.len()),
        };
        context.printer.thing(&line, || for_people(&card))
    }
}

fn read_picture(file: &Path) -> Outcome<Bytes> {
    let failed = |error: &std::io::Error| Stop::file(file.display(), error);
    let opened = std::fs::File::open(file).map_err(|error| failed(&error))?;
    let mut picture = Vec::new();
    // One byte more tells that it is too large; by how much does not matter.
    opened.take(PICTURE + 1).read_to_end(&mut picture).map_err(|error| failed(&error))?;
    match picture.len() as u64 {
        0 => Err(Stop::Usage(format!("{} is empty; --no-picture takes the picture away", file.display()))),
        size if size > PICTURE => {
            let why = format!("{} has more than {PICTURE} bytes", file.display());
            Err(Stop::failed("invalid", why, "give a smaller picture"))
        }
        _ => Ok(Bytes(picture)),
    }
}

fn for_people(card: &CardView) -> String {
    let text = |text: &Option<String>| text.as_ref().map_or("–".into(), |text| safe_line(text).into_owned());
    let picture = card.picture.as_ref().map_or("–".into(), |picture| format!("{} bytes", picture.len()));
    format!("Name: {}\nAbout: {}\nPicture: {picture}", text(&card.name), text(&card.about))
}

impl Preferences {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let changes = self.read_receipts.is_some() || self.presence.is_some();
        let reply = context
            .with_session(async |session| {
                settle(session).await?;
                let reply = session.ask(Command::Preferences).await?;
                let Reply::Preferences(mut wished) = reply else { return Err(Stop::unexpected(&reply)) };
                let is_on = |switch: Switch| switch == Switch::On;
                wished.read_receipts = self.read_receipts.map_or(wished.read_receipts, is_on);
                wished.presence = self.presence.map_or(wished.presence, is_on);
                if changes {
                    session.ask(Command::SetPreferences(wished)).await
                } else {
                    Ok(Reply::Preferences(wished))
                }
            })
            .await?;
        let Reply::Preferences(preferred) = reply else { return Err(Stop::unexpected(&reply)) };
        context.printer.thing(&preferred, || {
            let Preferred { read_receipts, presence } = preferred;
            let word = |on: bool| if on { "on" } else { "off" };
            format!("Read receipts: {}\nPresence: {}", word(read_receipts), word(presence))
        })
    }
}
