//! Requests: until one is answered nothing leaves this device on its account.

use huis_proto::ConversationId;
use huis_views::{Failure, RequestAnswer, Target};

use crate::client::{Client, Step};
use crate::db::DbError;

impl Client {
    pub(crate) async fn answer_request(&self, target: &Target, answer: RequestAnswer) -> Result<(), Failure> {
        let row = self.find(target)?;
        if row.accepted {
            return Err(Failure::Invalid { reason: "this conversation is no request".into() });
        }
        if answer == RequestAnswer::Accept {
            return Ok(self.step(|step| step.accept(row.id))?);
        }
        if let Some(opener) = row.opened_by.filter(|_| answer == RequestAnswer::Block) {
            self.change_contact(opener, |row| row.blocked = true)?;
            self.hears_nothing_of(opener);
        }
        match self.leave(target).await {
            Ok(()) | Err(Failure::NotAMember) => {}
            Err(failure) => return Err(failure),
        }
        self.step(|step| {
            step.tables.delete_conversation(row.id)?;
            step.changed(row.id);
            Ok(step.state_changed()?)
        })
    }
}

impl Step<'_> {
    /// A request is left in which this device has no place of its own yet: it comes in first, whoever is there by now. It
    /// stays a request meanwhile, here and on the account's other devices.
    pub(super) fn comes_in_to_leave(&mut self, conversation: ConversationId) -> Result<(), DbError> {
        match self.tables.conversation(conversation)? {
            Some(row) if !row.accepted => self.joins_are_checked(conversation, false),
            _ => Ok(()),
        }
    }
}
