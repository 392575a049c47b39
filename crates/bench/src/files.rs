//! Files: what sealing and opening cost a device, in memory, on one thread.

use std::hint::black_box;
use std::time::Instant;

use huis_core::files::{CHUNK, FileHasher, FileKey, FileOpener, FileSealer, Shape};
use huis_engine::native::gcm;
use rand::rngs::OsRng;
use serde::Serialize;
use serde_json::Value;

use crate::spread::median_line;

/// How much, and how often.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "files")]
pub(crate) struct Args {
    /// Megabytes (2^20 bytes) of the file
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    mib: u64,
    /// How often it is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

impl Args {
    /// What `docs/performance.md` states.
    pub(crate) fn stated() -> Self {
        Self { mib: 512, runs: 5 }
    }
}

#[derive(Serialize)]
struct Rates {
    system: &'static str,
    measurement: &'static str,
    mib: u64,
    chunk_bytes: usize,
    /// Sealed and hashed, in millions of bytes a second.
    seal_mb_per_s: f64,
    /// Opened and hashed.
    open_mb_per_s: f64,
    /// Hashed alone.
    hash_mb_per_s: f64,
}

/// Prints a line for each run, then the medians.
pub(crate) fn measure(args: &Args, print: &mut dyn FnMut(Value)) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for _ in 0..args.runs {
        let line = serde_json::to_value(run(args.mib)?)?;
        print(line.clone());
        lines.push(line);
    }
    median_line(&lines).into_iter().for_each(&mut *print);
    Ok(())
}

/// One chunk's bytes stand for each of the file: what is measured is not the memory.
fn run(mib: u64) -> anyhow::Result<Rates> {
    let size = mib << 20;
    let shape = Shape::of(size)?;
    let key = FileKey::random(&mut OsRng);
    let own = vec![0x5a; CHUNK];
    let rate = |began: Instant| size as f64 / began.elapsed().as_secs_f64() / 1e6;
    let length = |number: u32| {
        let range = shape.own_range(number);
        (range.end - range.start) as usize
    };

    let began = Instant::now();
    let mut sealer = FileSealer::by(gcm, &key, shape);
    let mut sealed = Vec::new();
    let mut kept = Vec::new();
    for number in 0..shape.chunks() {
        sealed.clear();
        sealer.seal_next(own.get(..length(number)).unwrap_or_default(), &mut sealed)?;
        if number == 0 {
            kept.clone_from(&sealed);
        }
    }
    black_box(sealer.digest());
    let seal_mb_per_s = rate(began);

    // The first chunk again and again: each costs the same.
    let began = Instant::now();
    let (opener, mut hasher, mut opened) = (FileOpener::by(gcm, &key, shape), FileHasher::default(), Vec::new());
    for _ in 0..size.div_ceil(CHUNK as u64) {
        opened.clear();
        opener.open(0, &kept, &mut opened)?;
        hasher.update(&opened);
    }
    black_box(hasher.so_far());
    let open_mb_per_s = rate(began);

    let began = Instant::now();
    let mut hasher = FileHasher::default();
    for _ in 0..size.div_ceil(CHUNK as u64) {
        hasher.update(&own);
    }
    black_box(hasher.so_far());
    let hash_mb_per_s = rate(began);
    Ok(Rates {
        system: "huis",
        measurement: "files in memory",
        mib,
        chunk_bytes: CHUNK,
        seal_mb_per_s,
        open_mb_per_s,
        hash_mb_per_s,
    })
}
