//! Moves that are killed, and gone on with.

use std::process::Command;

use super::*;

/// Tells this test binary to be the process that is killed; the values are places.
const CHILD_FROM: &str = "HUIS_STORE_MOVE_FROM";
const CHILD_TO: &str = "HUIS_STORE_MOVE_TO";
/// After how many words about progress it dies.
const CHILD_DIES_AFTER: &str = "HUIS_STORE_MOVE_DIES_AFTER";

fn place(text: &str) -> Place {
    if text.starts_with("postgres") {
        Place::Postgres(Box::new(text.parse().expect("an address")))
    } else {
        sqlite(Path::new(text))
    }
}

#[test]
fn child_that_moves_until_it_is_killed() {
    let Some(from) = std::env::var_os(CHILD_FROM) else { return };
    let from = place(from.to_str().expect("a place"));
    let to = place(&std::env::var(CHILD_TO).expect("a place"));
    let dies_after: u64 = std::env::var(CHILD_DIES_AFTER).expect("a number").parse().expect("a number");
    let mut told = 0;
    let mut progress = |_, _| {
        told += 1;
        if told == dies_after {
            // Nothing is closed, undone or written any more.
            std::process::abort();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let run = Move { from, to, franking: Arc::new(CountingFranking), commitment_of }.run(&mut progress);
    runtime.block_on(run).expect("moved");
}

/// Whether it was through before it died.
fn is_through(from: &str, to: &str, dies_after: u64) -> bool {
    let ended = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "moving::cut_off::child_that_moves_until_it_is_killed", "--nocapture"])
        .envs([(CHILD_FROM, from), (CHILD_TO, to), (CHILD_DIES_AFTER, &dies_after.to_string())])
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() || ended.status.code().is_none(), "{said}");
    ended.status.success()
}

#[tokio::test]
async fn a_move_that_is_killed_anywhere_goes_on_from_there_to_the_same_end() {
    let Some((database, database_of_the_other)) = database().zip(database()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (file(&folder, "first"), file(&folder, "second"));
    filled(&first, 1_500).await;
    let whole = moved(&sqlite(&first), &postgres(&database_of_the_other)).await;
    let (first, second) = (first.to_str().expect("a path"), second.to_str().expect("a path"));
    for (from, to) in [(first, database.address().as_str()), (database.address().as_str(), second)] {
        let mut kills = 0;
        // The last ones are killed while they look at what has arrived.
        loop {
            // Beside this thread, on which the stores that were looked at let their connections go.
            let (source, target) = (from.to_owned(), to.to_owned());
            let child = move || is_through(&source, &target, 2 + kills * 7);
            if tokio::task::spawn_blocking(child).await.expect("a child") {
                break;
            }
            kills += 1;
            assert!(is_half_moved(&place(to)).await, "kill {kills}");
        }
        assert!(kills > 6, "{kills} kills");
    }
    let copy = moved(&place(second), &sqlite(&file(&folder, "copy"))).await;
    assert_eq!(copy, whole);
    assert!(dump(Path::new(second)) == dump(Path::new(first)));
}
