//! Reports: made by a member, who says what is revealed, and read by those who look after the server.

use huis_core::content::Content;
use huis_core::time_locks::Place;
use huis_proto::rest::{
    CreateReport, FrankingProof, OwnReport, ProvenContent, ReportDetails, ReportMade, ReportedMessage, ReportedPlace,
    RevealedMessage,
};
use huis_proto::{Bytes, Bytes32, MessageId, ReportId, limits};
use huis_views::{Failure, MakeReport, ReportView, Reported, RevealedFile, RevealedView};

use crate::client::Client;
use crate::db::{LockReport, MessageRow};
use crate::ports::Method;

const PATH: &str = "/api/v1/reports";

impl Client {
    /// Reports a person or a message. Asked once: where the answer is lost, the report stands in the list of one's own.
    pub(crate) async fn report(&self, wish: MakeReport) -> Result<ReportId, Failure> {
        let me = self.signed_in()?.account();
        let MakeReport { what, category, note } = wish;
        let (note, most) = (note.trim().to_owned(), limits::REPORT_TEXT_CHARACTERS);
        if note.chars().count() > most || note.chars().any(|one| one.is_control() && one != '\n') {
            let reason =
                format!("a note has at most {most} characters, and no control characters but the ends of lines");
            return Err(Failure::Invalid { reason });
        }
        let (account, message) = match what {
            Reported::Person { name } => (self.look_up(&name).await?.account, None),
            Reported::Message { message, reveal } => {
                let row = self.reported(message)?;
                (row.author.account, Some(self.of_message(&row, reveal)?))
            }
        };
        if account == me {
            return Err(invalid("nobody reports themselves; delete a message of your own instead"));
        }
        let report = CreateReport { account, category, note, message };
        let made: ReportMade = self.ask(Method::Post, PATH.into(), Some(&report)).await?;
        Ok(made.id)
    }

    /// Those that the own account made, the newest first.
    pub(crate) async fn own_reports(&self) -> Result<Vec<OwnReport>, Failure> {
        self.signed_in()?;
        Ok(self.get(PATH.into()).await?)
    }

    /// A report with what it reveals, as somebody who looks after the server.
    pub(crate) async fn read_report(&self, report: ReportId) -> Result<ReportView, Failure> {
        self.signed_in()?;
        let ReportDetails { report, revealed } = self.get(format!("/api/v1/admin/reports/{report}")).await?;
        let place = report.message.map(|message| Place {
            conversation: message.conversation,
            author: report.account,
            message: message.message,
        });
        let revealed = revealed.zip(place).map(|(revealed, place)| shown(&revealed, &place));
        Ok(ReportView { report, revealed })
    }

    fn reported(&self, message: MessageId) -> Result<MessageRow, Failure> {
        let now_ms = self.server_now_ms();
        let (row, has_namesake) = self.read(|tables| match tables.message(message)? {
            Some(row) => tables.has_namesake(&row).map(|has_namesake| (Some(row), has_namesake)),
            None => Ok((None, false)),
        })?;
        // Its author chose the id, and might have something harmless revealed in its place.
        if has_namesake {
            return Err(invalid("several messages have this id: somebody used it again; report the person"));
        }
        row.filter(|row| !row.is_over(now_ms))
            .ok_or_else(|| Failure::Unknown { what: "message".into(), name: message.to_string() })
    }

    /// What is told of a message: which one it is, and what it says only where that is wished.
    fn of_message(&self, row: &MessageRow, reveal: bool) -> Result<ReportedMessage, Failure> {
        let (Some(seq), Some(received_at_ms)) = (row.seq, row.received_ms) else {
            return Err(invalid("the message is not in the conversation's log"));
        };
        let place = ReportedPlace {
            conversation: row.conversation,
            message: row.id,
            device: row.author.device,
            seq,
            received_at_ms,
        };
        let revealed = if reveal { Some(self.proof_of(row)?) } else { None };
        Ok(ReportedMessage { place, revealed })
    }

    fn proof_of(&self, row: &MessageRow) -> Result<RevealedMessage, Failure> {
        let unproven = || {
            invalid(
                "this device has no proof of what the message said: it was taken back, opened once, or is an answer whose \
                 excerpt is gone; report it without revealing it",
            )
        };
        let lock = self.read(|tables| tables.report_of_lock(row.position))?;
        let (content, share) = match lock {
            None => (row.content.clone(), None),
            Some(LockReport::Kept(sealed, share)) => (sealed, Some(share)),
            Some(LockReport::Forgotten) => return Err(unproven()),
            Some(LockReport::Shut) => {
                return Err(invalid(
                    "the message has not opened; report it without revealing it, or once it has opened",
                ));
            }
        };
        let (Some(opening), Some(mac)) = (row.opening, row.mac) else { return Err(unproven()) };
        if row.deleted || content.is_empty() {
            return Err(unproven());
        }
        Ok(RevealedMessage { content: Bytes(content), opening: FrankingProof(Bytes32(opening)), mac, share })
    }
}

fn invalid(reason: &str) -> Failure {
    Failure::Invalid { reason: reason.into() }
}

/// What a person reads of what is revealed. It comes from whoever wrote the message, and may be anything.
fn shown(revealed: &ProvenContent, place: &Place) -> RevealedView {
    let content = Content::from_bytes(&revealed.content).ok();
    let content = match content {
        Some(Content::Timed(timed)) => {
            revealed.share.and_then(|share| timed.open(place, &share).ok()).map(|(content, _)| content)
        }
        other => other,
    };
    match content {
        Some(Content::Text { body, reply_to, .. }) => {
            RevealedView { kind: "text".into(), text: body, quoted: reply_to.map(|quote| quote.excerpt), files: vec![] }
        }
        Some(Content::Files { files, body, reply_to, .. }) => {
            let files = files.into_iter().map(|file| RevealedFile { name: file.name, size: file.size }).collect();
            RevealedView { kind: "file".into(), text: body, quoted: reply_to.map(|quote| quote.excerpt), files }
        }
        _ => RevealedView { kind: "unreadable".into(), text: String::new(), quoted: None, files: vec![] },
    }
}
