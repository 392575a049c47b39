//! Groups in memory: the few that were used last. A group is here only while memory and disk agree.

use std::collections::{BTreeMap, VecDeque};

use huis_core::groups::Group;
use huis_proto::ConversationId;

/// How many groups stay in memory.
const KEPT: usize = 64;

#[derive(Default)]
pub(crate) struct GroupCache {
    groups: BTreeMap<ConversationId, Group>,
    /// The order of use, the latest last; may name groups that are gone.
    order: VecDeque<ConversationId>,
}

impl GroupCache {
    /// Takes the group out. It comes back by [`put_back`](Self::put_back) once its changes are on disk; otherwise it is
    /// dropped.
    pub(crate) fn take(&mut self, conversation: ConversationId) -> Option<Group> {
        self.groups.remove(&conversation)
    }

    pub(crate) fn put_back(&mut self, groups: BTreeMap<ConversationId, Group>) {
        for (conversation, group) in groups {
            self.order.retain(|other| *other != conversation);
            self.order.push_back(conversation);
            self.groups.insert(conversation, group);
        }
        while self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.groups.remove(&oldest);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.groups.clear();
        self.order.clear();
    }
}
