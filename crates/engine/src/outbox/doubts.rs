//! Joins on a GroupInfo that is bad: members are asked for a better one, and the join is tried again.

use huis_proto::ConversationId;
use huis_proto::rest::RequestGroupInfo;
use huis_views::Failure;
use rand::Rng;

use super::build::NotBuilt;
use crate::client::Client;
use crate::db::OutboxRow;
use crate::ports::Method;

/// How often in a row a better GroupInfo is asked for, before the join is given up.
const MOST_DOUBTS: u32 = 6;
/// The pause before the first further try, doubled each time, with jitter. Members answer within some seconds.
const PAUSE_MS: u64 = 8_000;

impl Client {
    /// Asks for a better GroupInfo than the one of this commit counter. Gives why nothing is built for now.
    ///
    /// # Errors
    /// [`NotBuilt`] where it cannot be asked for.
    pub(super) async fn ask_for_group_info(
        &self,
        row: &OutboxRow,
        commit_counter: u64,
        failure: Failure,
    ) -> Result<NotBuilt, NotBuilt> {
        let conversation = row.conversation;
        let doubts = self.traffic.borrow().doubts.get(&conversation).copied().unwrap_or(0);
        if doubts >= MOST_DOUBTS {
            self.trusts_group_info(conversation);
            return Ok(NotBuilt::Failed(failure));
        }
        tracing::info!(%conversation, %failure, "a GroupInfo is bad; members are asked for a better one");
        let path = format!("/api/v1/conversations/{conversation}/group-info-requests");
        self.ask::<()>(Method::Post, path, Some(&RequestGroupInfo { commit_counter })).await?;
        let longest = PAUSE_MS << doubts;
        let pause = self.random.borrow_mut().gen_range(longest / 2..=longest);
        let until_ms = self.clock.now_ms().saturating_add(pause);
        let mut traffic = self.traffic.borrow_mut();
        traffic.doubts.insert(conversation, doubts + 1);
        traffic.block(conversation, None, until_ms);
        Ok(NotBuilt::Blocked)
    }

    /// The conversation's GroupInfo is good, or nothing more is asked for it.
    pub(super) fn trusts_group_info(&self, conversation: ConversationId) {
        self.traffic.borrow_mut().doubts.remove(&conversation);
    }
}
