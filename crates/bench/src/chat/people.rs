//! What two people say: their profiles are filled by the program's engine in this process, over the server.

use huis_views::{Command, RequestAnswer, Target};

use crate::person::Person;

/// Messages after which the reader has read them all and says something.
const ROUND: u32 = 1000;
/// Of each round the reader says every so manieth message.
const ANSWERS: u32 = 10;
/// Stands before a message's number.
const NUMBER: &str = "number ";

/// The message of this number: a line that fits a line of the timeline, and is cut in a list of conversations.
pub(super) fn text(number: u32) -> String {
    format!("A line as people write it where they talk for years, {NUMBER}{number}.")
}

/// The numbers of the messages on a screen, from the top.
pub(super) fn numbers(screen: &str) -> Vec<u32> {
    let number = |behind: &str| behind.split_once('.').and_then(|(number, _)| number.parse().ok());
    screen.split(NUMBER).skip(1).filter_map(number).collect()
}

/// Has `writer` and `reader` say `count` messages, numbered from 1. Both profiles hold them all afterwards, and the
/// reader has read them.
pub(super) async fn talk(writer: &Person, reader: &Person, count: u32) -> anyhow::Result<()> {
    let (mut one, mut other) = (writer.engine()?, reader.engine()?);
    let conversation = one.says(Target::Account(reader.name().into()), text(1)).await?;
    other.hears(conversation, &text(1)).await?;
    other.does(Command::AnswerRequest { target: Target::Id(conversation), answer: RequestAnswer::Accept }).await?;
    let mut said = 1;
    while said < count {
        let round = ROUND.min(count - said);
        let answers = round / ANSWERS;
        let (heard, all) = (said + round - answers, said + round);
        one.says_all(conversation, (said + 1..=heard).map(text)).await?;
        let position = other.hears(conversation, &text(heard)).await?;
        other.does(Command::MarkRead { conversation, up_to: position }).await?;
        other.says_all(conversation, (heard + 1..=all).map(text)).await?;
        if all > heard {
            one.hears(conversation, &text(all)).await?;
        }
        said = all;
        if said % (10 * ROUND) <= ROUND {
            eprintln!("{said} messages");
        }
    }
    one.stops().await?;
    other.stops().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_on_a_screen_are_those_of_the_messages_that_stand_there_whole() {
        let screen = format!("│ reader  │ {}\n│ A line… │ {}\n│ number 7", text(98), text(99));
        assert_eq!(numbers(&screen), [98, 99]);
        assert_eq!(numbers("nothing"), Vec::<u32>::new());
    }
}
