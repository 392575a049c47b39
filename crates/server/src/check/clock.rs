//! The clock: plausible or not, as far as this machine alone can tell.

use super::Said;
use super::scene::Scene;

/// The first of November 2026: this version of Huis did not exist before.
const WRITTEN_MS: u64 = 1_793_491_200_000;
/// A clock that is put right by a little is nothing to talk about.
const TOLERANCE_MS: u64 = 2 * 60 * 1000;

const ADVICE: &str =
    "set the clock by NTP (timedatectl set-ntp true): lifetimes of keys, sessions and tickets go by it";

pub(super) fn look(scene: &Scene<'_>) -> Vec<Said> {
    let now_ms = scene.now_ms;
    vec![match scene.database.newest_ms() {
        _ if now_ms < WRITTEN_MS => Said::fault("it stands before this version of Huis was written", ADVICE),
        Some(newest_ms) if newest_ms > now_ms.saturating_add(TOLERANCE_MS) => Said::fault(
            format!(
                "it stands {} before the newest thing in the database: it is slow now, or was fast then",
                span(newest_ms - now_ms)
            ),
            ADVICE,
        ),
        _ => Said::ok("plausible"),
    }]
}

fn span(ms: u64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / (24 * 60)),
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::IncarnationId;
    use huis_store::sqlite::Inspection;

    use super::*;
    use crate::check::Verdict;
    use crate::check::scene::Database;
    use crate::config::Config;

    #[test]
    fn a_clock_before_this_version_or_before_what_is_stored_is_a_fault() {
        let config = Config::in_folder("/nowhere");
        let now_ms = WRITTEN_MS + 1_000_000_000;
        for (now_ms, newest_ms, verdict, words) in [
            (now_ms, 0, Verdict::Ok, "plausible"),
            (now_ms, now_ms, Verdict::Ok, "plausible"),
            (now_ms, now_ms + TOLERANCE_MS, Verdict::Ok, "plausible"),
            (now_ms, now_ms + TOLERANCE_MS + 1, Verdict::Fault, "2 minutes before the newest thing"),
            (now_ms, now_ms + 3 * 3_600_000, Verdict::Fault, "3 hours before the newest thing"),
            (WRITTEN_MS - 1, 0, Verdict::Fault, "before this version"),
            (0, now_ms, Verdict::Fault, "before this version"),
        ] {
            let incarnation = IncarnationId::from_bytes([1; 16]);
            let database = Database::Whole(Inspection { schema: 1, incarnation, newest_ms, bytes: 4096 });
            let scene = Scene { config: &config, now_ms, database, is_held: Ok(false) };
            let said = look(&scene).remove(0);
            assert_eq!(said.verdict, verdict, "{now_ms} {newest_ms}");
            assert!(said.says.contains(words), "{}", said.says);
        }
    }
}
