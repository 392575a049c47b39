//! What is wished of what is written.

use serde::{Deserialize, Serialize};

use crate::LockTrust;

/// What is wished of a message beside what it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Whether it can be opened once, and is then gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view_once: bool,
    /// When it opens, in milliseconds since 1970; none: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at_ms: Option<u64>,
    /// Who keeps the key until then; without a moment it stands for nothing.
    #[serde(default, skip_serializing_if = "LockTrust::is_server")]
    pub trust: LockTrust,
}

impl Wish {
    /// What is wished here or there: the later of two moments, no server where either trusts none, and once where either
    /// says so. So whatever comes together goes no earlier, and to no more eyes, than was wished of any of it.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            view_once: self.view_once || other.view_once,
            opens_at_ms: self.opens_at_ms.max(other.opens_at_ms),
            trust: if self.trust.is_server() { other.trust } else { self.trust },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_together_opens_no_earlier_and_no_more_often_than_was_wished_of_any_of_it() {
        let wish = |view_once, opens_at_ms| Wish { view_once, opens_at_ms, trust: LockTrust::Server };
        let (earlier, later) = (wish(true, Some(5)), wish(false, Some(7)));
        assert_eq!(earlier.with(later), wish(true, Some(7)));
        assert_eq!(later.with(earlier), wish(true, Some(7)));
        assert_eq!(later.with(Wish::default()), later);
        assert_eq!(Wish::default().with(earlier), earlier);
        let unhelped = Wish { trust: LockTrust::Drand, ..earlier };
        assert_eq!(unhelped.with(later), Wish { trust: LockTrust::Drand, ..wish(true, Some(7)) });
        assert_eq!(later.with(unhelped).trust, LockTrust::Drand);
    }
}
