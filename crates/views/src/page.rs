//! What a page and the worker behind it tell each other: the engine's commands, answers and events, and what has to be
//! said before there is an engine. Each message is JSON.

use huis_proto::rest::Secret;
use serde::{Deserialize, Serialize};

use crate::{Command, Event, Failure, Reply};

/// From the page to the worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWorker {
    /// Asks the engine. Answer: [`FromWorker::Answer`] with the same number.
    Ask {
        /// Grows with each question of a page.
        number: u32,
        /// What is asked.
        command: Box<Command>,
    },
    /// Where another tab has the database: asks that tab to let go of it.
    TakeOver,
    /// Closes the database and destroys its key but for the copy under the password that was made at sign-in, so no
    /// password is needed for it. The worker does the same by itself where nobody said
    /// [`Attend`](Command::Attend) for 15 minutes, unless one stays signed in. [`Standing::Locked`] follows.
    Lock,
    /// Opens a locked database. Where it stays locked the worker says why ([`Standing::Locked`]).
    Unlock {
        /// The password that it was locked with.
        password: Secret,
    },
    /// Forgets a database that is lost, damaged or locked with a forgotten password, with all that was never sent, and
    /// begins with an empty one.
    BeginAnew,
}

/// From the worker to the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// Where the worker stands; said at the start and with each change.
    Standing(Standing),
    /// The answer to a question.
    Answer {
        /// The question's number.
        number: u32,
        /// What came of it.
        answer: Result<Box<Reply>, Failure>,
    },
    /// Something changed.
    Event(Event),
}

/// Where a worker stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The module and the database are being opened.
    Opening,
    /// Another tab has the database; [`ToWorker::TakeOver`].
    Elsewhere,
    /// Another tab took the database over from this one.
    TakenOver,
    /// The engine answers. Who is signed in, if anybody, [`Command::WhoAmI`] tells.
    Open,
    /// The database waits for the password.
    Locked {
        /// Whose it is, where that is known: a name as it was when it was locked.
        username: Option<String>,
        /// Why the last try to open it did not succeed.
        failure: Option<Failure>,
    },
    /// The browser threw the database away, or damaged it: what was there is gone from this browser. Only
    /// [`ToWorker::BeginAnew`] goes on.
    Lost {
        /// What was found, for whoever looks closer.
        reason: String,
    },
    /// This browser can't run Huis here.
    Unable {
        /// What is missing.
        missing: Missing,
        /// What was found, for whoever looks closer.
        reason: String,
    },
}

/// What a browser lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The page came without HTTPS, and not from this machine: no browser keeps keys or files for it.
    SecureContext,
    /// Files of the page's own (the origin private file system), as in some private windows.
    Files,
    /// A newer version has changed the database; the page has to be loaded anew.
    NewerVersion,
    /// Something else.
    Other,
}
