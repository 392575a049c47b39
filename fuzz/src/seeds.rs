//! Writes the seeds of every target into folders of its name below the given folder, and prints the names.

// The fuzzer's runtime, which instrumented code calls.
use libfuzzer_sys as _;

use std::io::Write as _;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("usage: seeds FOLDER"));
    for (target, seeds) in huis_fuzz::seeds() {
        let folder = folder.join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        writeln!(std::io::stdout(), "{target}")?;
    }
    Ok(())
}
