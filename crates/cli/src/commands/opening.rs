//! `huis open`.

use clap::Args;
use huis_proto::MessageId;
use huis_views::{Command, Reply};

use super::conversations::id;
use super::messages::{MessageLine, for_people};
use super::{Context, freshen};
use crate::outcome::{Outcome, Stop};

/// Open a message that can be opened once
///
/// It is printed, and is then gone on all your devices. What files it brings can be fetched on this device for an hour, with
/// `huis files get`.
#[derive(Debug, Args)]
pub(crate) struct Open {
    /// The message's id, as `huis receive` prints it
    #[arg(value_parser = id::<MessageId>)]
    message: MessageId,
}

impl Open {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let opened = context
            .with_session(async |session| {
                freshen(session).await?;
                match session.ask(Command::OpenOnce { message: self.message }).await? {
                    Reply::Message(message) => Ok(message),
                    other => Err(Stop::unexpected(&other)),
                }
            })
            .await?;
        context.printer.thing(&MessageLine::from(&*opened), || for_people(&opened))
    }
}
