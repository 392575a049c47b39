//! The clock: plausible or not, as far as this machine alone can tell, and confirmed or not where a file is to do that.

use super::Said;
use super::scene::Scene;
use crate::time_watch;

/// The first of November 2026: this version of Huis did not exist before.
pub(crate) const WRITTEN_MS: u64 = 1_793_491_200_000;
/// A clock that is put right by a little is nothing to talk about.
const TOLERANCE_MS: u64 = 2 * 60 * 1000;

const ADVICE: &str =
    "set the clock by NTP (timedatectl set-ntp true): lifetimes of keys, sessions and tickets go by it";

const CONFIRM: &str = "let the machine's time synchronisation touch it, after a start and every few minutes \
                       (docs/time-locks.md): locked messages open once it has";

pub(super) fn look(scene: &Scene<'_>) -> Vec<Said> {
    let mut said = vec![plausible(scene)];
    said.extend(scene.config.time_confirmed_by.as_ref().map(|file| match time_watch::confirm(file, scene.now_ms) {
        Ok(_) => Said::ok(format!("confirmed by {}", file.display())),
        Err(doubt) => Said::warning(format!("not confirmed: {} {doubt}", file.display()), CONFIRM),
    }));
    said
}

fn plausible(scene: &Scene<'_>) -> Said {
    let now_ms = scene.now_ms;
    match scene.database.newest_ms() {
        _ if now_ms < WRITTEN_MS => Said::fault("it stands before this version of Huis was written", ADVICE),
        Some(newest_ms) if newest_ms > now_ms.saturating_add(TOLERANCE_MS) => Said::fault(
            format!(
                "it stands {} before the newest thing in the database: it is slow now, or was fast then",
                span(newest_ms - now_ms)
            ),
            ADVICE,
        ),
        _ => Said::ok("plausible"),
    }
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
    use std::time::{Duration, UNIX_EPOCH};

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
            let said = look(&scene);
            assert_eq!(said.len(), 1, "nothing is to confirm it");
            assert_eq!(said[0].verdict, verdict, "{now_ms} {newest_ms}");
            assert!(said[0].says.contains(words), "{}", said[0].says);
        }
    }

    #[test]
    fn a_clock_that_its_file_does_not_confirm_is_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("synchronised");
        let mut config = Config::in_folder("/nowhere");
        config.time_confirmed_by = Some(file.clone());
        let now_ms = WRITTEN_MS + 1_000_000_000;
        let said = || {
            let scene = Scene { config: &config, now_ms, database: Database::Absent, is_held: Ok(false) };
            look(&scene).remove(1)
        };
        assert!(said().verdict == Verdict::Warning && said().says.contains("can't be looked at"));
        let touched = std::fs::File::create(&file).unwrap();
        for (before_ms, verdict, words) in [
            (2 * 3_600_000, Verdict::Warning, "was touched 120 minutes before the machine's clock"),
            (60_000, Verdict::Ok, "confirmed by"),
        ] {
            touched.set_modified(UNIX_EPOCH + Duration::from_millis(now_ms - before_ms)).unwrap();
            assert!(said().verdict == verdict && said().says.contains(words), "{}", said().says);
        }
    }
}
