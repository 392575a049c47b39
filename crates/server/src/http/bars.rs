//! What those are told who are suspended or banned.

use huis_proto::ErrorCode;
use huis_store::Bar;

use super::problem::Refusal;

/// An account that may not be signed in.
pub(super) fn account(bar: &Bar, now_ms: u64) -> Refusal {
    let code = if bar.is_ban { ErrorCode::Banned } else { ErrorCode::Suspended };
    Refusal::new(code, sentence(bar, "This account", now_ms))
}

/// A name that nobody may have.
pub(super) fn name(bar: &Bar, username: &str, now_ms: u64) -> Refusal {
    Refusal::new(ErrorCode::Banned, sentence(bar, &format!("The name {username}"), now_ms))
}

/// An address from which nobody may come.
pub(super) fn address(bar: &Bar, now_ms: u64) -> Refusal {
    Refusal::new(ErrorCode::Banned, sentence(bar, "Your address", now_ms))
}

/// What it is, for how long, and why.
pub(crate) fn sentence(bar: &Bar, what: &str, now_ms: u64) -> String {
    let is = if bar.is_ban { "banned" } else { "suspended" };
    let reason = &bar.reason;
    match bar.ends_at_ms {
        Some(ends_at_ms) => {
            let left = left(ends_at_ms.saturating_sub(now_ms).div_ceil(1000));
            format!("{what} is {is} on this server for another {left}: {reason}")
        }
        None => format!("{what} is {is} on this server: {reason}"),
    }
}

fn left(seconds: u64) -> String {
    let of = |count: u64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match seconds {
        0..60 => of(seconds.max(1), "second"),
        60..3600 => of(seconds.div_ceil(60), "minute"),
        3600..86_400 => of(seconds.div_ceil(3600), "hour"),
        _ => of(seconds.div_ceil(86_400), "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_kept_out_is_told_why_and_for_how_long() {
        let bar = |is_ban, ends_at_ms| Bar { is_ban, reason: "spam".into(), ends_at_ms };
        let said = |bar: &Bar| sentence(bar, "This account", 1000);
        assert_eq!(said(&bar(false, None)), "This account is suspended on this server: spam");
        for (ends_at_ms, left) in
            [(1001, "1 second"), (61_000, "1 minute"), (3_700_000, "2 hours"), (200_000_000, "3 days")]
        {
            let said = said(&bar(true, Some(ends_at_ms)));
            assert_eq!(said, format!("This account is banned on this server for another {left}: spam"));
        }
        assert_eq!(account(&bar(false, None), 0).0.code, ErrorCode::Suspended);
        assert_eq!(account(&bar(true, None), 0).0.code, ErrorCode::Banned);
    }
}
