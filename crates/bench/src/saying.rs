//! Somebody who says much: the engine of a profile that `huis register` made.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use huis_views::Target;
use serde_json::{Value, json};

use crate::device::Device;

/// Who says what.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "say")]
pub(crate) struct Args {
    /// To whom: `@name`, `#room` or a conversation's id
    to: Target,
    /// The folder of the profile that says it
    #[arg(long)]
    profile: PathBuf,
    /// How many messages
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    messages: u32,
    /// The number of the first one
    #[arg(long, default_value_t = 1)]
    first: u32,
    /// Say one after the other with this pause before each, and print when each was begun; otherwise many at a time
    #[arg(long, value_name = "MS")]
    pause_ms: Option<u64>,
}

/// Says it, and waits until the server has all of it.
pub(crate) async fn say(args: &Args, print: &mut dyn FnMut(Value)) -> anyhow::Result<()> {
    let device = Device::open(&args.profile)?;
    let began = Instant::now();
    let numbers = args.first..args.first.saturating_add(args.messages);
    match args.pause_ms.map(Duration::from_millis) {
        Some(pause) => {
            for number in numbers {
                tokio::time::sleep(pause).await;
                print(
                    json!({ "number": number, "at_ms": SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1000.0 }),
                );
                device.says(args.to.clone(), text(number)).await?;
            }
        }
        None => {
            // The first one finds the conversation.
            let conversation = device.says(args.to.clone(), text(args.first)).await?;
            device.says_all(conversation, numbers.skip(1).map(text)).await?;
        }
    }
    print(json!({
        "system": "huis",
        "measurement": "say",
        "messages": args.messages,
        "seconds": began.elapsed().as_secs_f64(),
    }));
    device.stops().await
}

/// The message of this number: mostly a line, at times more, as people write.
fn text(number: u32) -> String {
    let line = format!("A line as people write it where they talk for years, number {number}.");
    match number % 23 {
        3 => format!("{line}\n\nAnd a second thought, with **weight** and `code`, which takes a line of its own."),
        7 => format!("{line}\n> As somebody else had said before"),
        11 => format!("Number {number}!"),
        17 => format!("{line} {}", "It goes on, because there was more to say about it than fits a line. ".repeat(5)),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_says_its_number_once() {
        for number in 1..100 {
            let digits = text(number).to_lowercase().matches(&format!("number {number}")).count();
            assert_eq!(digits, 1, "{}", text(number));
        }
    }
}
