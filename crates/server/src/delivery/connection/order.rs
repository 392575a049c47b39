//! What waits behind a submission that could not be taken for the moment. Several are under way at a time; if later ones
//! were taken while an earlier one is to be sent again, the members would see a device's messages out of order.

use huis_proto::ErrorCode;

/// Holds back what the client sent before it knew of a refusal.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The latest submission counter that was refused for the moment, if the client has not gone back since. It goes back
    /// in order, so the first one that is not later is the first that it sends again.
    latest_refused: Option<u64>,
}

impl Order {
    /// Whether this submission counter may go to the store.
    pub(super) fn admits(&mut self, submission: u64) -> bool {
        match self.latest_refused {
            Some(latest) if submission > latest => {
                self.latest_refused = Some(submission);
                false
            }
            _ => {
                self.latest_refused = None;
                true
            }
        }
    }

    /// A submission was refused.
    pub(super) fn refused(&mut self, submission: u64, code: ErrorCode) {
        let passes = matches!(
            code,
            ErrorCode::TooManyRequests | ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::StorageFull
        );
        if passes {
            self.latest_refused = Some(self.latest_refused.map_or(submission, |latest| latest.max(submission)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_refusal_that_passes_nothing_is_taken_before_the_client_goes_back() {
        let mut order = Order::default();
        assert!(order.admits(5));
        order.refused(5, ErrorCode::Unavailable);
        assert!(!order.admits(6));
        assert!(!order.admits(7));
        assert!(order.admits(5));
        assert!(order.admits(6));
        assert!(order.admits(7));
        assert!(order.admits(8));
    }

    #[test]
    fn a_refused_submission_that_is_given_up_holds_nothing_up_for_long() {
        let mut order = Order::default();
        order.refused(5, ErrorCode::StorageFull);
        assert!(!order.admits(9));
        assert!(order.admits(9));
        assert!(order.admits(10));
    }

    #[test]
    fn a_refusal_for_good_holds_nothing_up() {
        let mut order = Order::default();
        order.refused(5, ErrorCode::Stale);
        order.refused(6, ErrorCode::NotAMember);
        assert!(order.admits(7));
    }
}
