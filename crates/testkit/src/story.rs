//! How a story is told: one thread, virtual time, a seed that is named when it ends badly.

use tokio::task::LocalSet;

use crate::World;
use crate::kept::KeptWorld;

/// The seed of stories in which no faults are drawn.
const USUAL_SEED: u64 = 1;

/// Tells a story in a fresh world.
pub fn story(tell: impl AsyncFnOnce(World)) {
    story_with_seed(chosen_seed().unwrap_or(USUAL_SEED), tell);
}

/// Tells a story in a fresh world whose faults are drawn from `seed`.
pub fn story_with_seed(seed: u64, tell: impl AsyncFnOnce(World)) {
    told(seed, None, tell);
}

/// Tells how the story of a kept world goes on. The world's files are copied before.
pub fn story_of(kept: &KeptWorld, tell: impl AsyncFnOnce(World)) {
    told(chosen_seed().unwrap_or(USUAL_SEED), Some(kept), tell);
}

fn told(seed: u64, kept: Option<&KeptWorld>, tell: impl AsyncFnOnce(World)) {
    let named = NamedWhenPanicking(seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let world = World::begin(seed, kept).await;
        tell(world).await;
    });
    drop(named);
}

/// The seeds of a story with drawn faults: `usual` of them, ten times as many in a long run, or the one in `HUIS_SEED`.
pub fn seeds(usual: u64) -> Vec<u64> {
    match chosen_seed() {
        Some(seed) => vec![seed],
        None => (1..=if is_long_run() { usual * 10 } else { usual }).collect(),
    }
}

/// Whether large counts are asked for (`HUIS_LONG=1`).
pub fn is_long_run() -> bool {
    std::env::var_os("HUIS_LONG").is_some_and(|value| value == "1")
}

fn chosen_seed() -> Option<u64> {
    std::env::var("HUIS_SEED").ok().map(|seed| seed.parse().expect("HUIS_SEED is a number"))
}

struct NamedWhenPanicking(u64);

impl Drop for NamedWhenPanicking {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this story's seed is {0}: HUIS_SEED={0} tells it again", self.0);
        }
    }
}
