//! What figures were taken on: they mean nothing without.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;

use crate::spread::Spread;

/// How often 4 KiB are brought to the disk.
const SYNCS: usize = 500;

/// The machine, and the file system on which the databases are.
#[derive(Serialize)]
pub(crate) struct Machine {
    system: &'static str,
    measurement: &'static str,
    cores: usize,
    memory_mb: u64,
    kernel: String,
    /// The load of the last minute: what else ran.
    load: String,
    file_system: String,
    /// 4 KiB written at the beginning of a file, then `fdatasync`.
    sync_median_us: f64,
    sync_p99_us: f64,
}

impl Machine {
    /// Looks at this machine and at the file system of the folder for temporary files.
    pub(crate) fn look() -> anyhow::Result<Self> {
        let Spread { median_us, p99_us } = syncs()?;
        let load = fs::read_to_string("/proc/loadavg")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let memory_kb: u64 = memory
            .split_whitespace()
            .nth(1)
            .and_then(|number| number.parse().ok())
            .context("an unknown form of /proc/meminfo")?;
        let folder = fs::canonicalize(std::env::temp_dir())?;
        Ok(Self {
            system: "huis",
            measurement: "machine",
            cores: std::thread::available_parallelism()?.get(),
            memory_mb: memory_kb / 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            load: load.split_whitespace().next().unwrap_or_default().to_owned(),
            file_system: file_system(&fs::read_to_string("/proc/self/mounts")?, &folder).unwrap_or_default(),
            sync_median_us: median_us,
            sync_p99_us: p99_us,
        })
    }
}

fn syncs() -> anyhow::Result<Spread> {
    let mut file = tempfile::tempfile()?;
    let block = [7; 4096];
    // The first one makes the file longer, which costs more.
    file.write_all(&block)?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.rewind()?;
        let began = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Spread::of(times).context("nothing was measured")
}

/// The type of the file system on which `folder` is: that of the deepest mount above it (proc_mounts(5)).
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((Path::new(fields.next()?), fields.next()?))
    });
    let above = mounts.filter(|(place, _)| folder.starts_with(place));
    // Of two at the same place the later one lies on top.
    above.max_by_key(|(place, _)| place.components().count()).map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_on_the_deepest_mount_above_it() {
        let mounts = "/dev/a / ext4 rw 0 0\nproc /proc proc rw 0 0\nnone /tmp tmpfs rw 0 0\nnone /tm xfs rw 0 0\n";
        let on = |folder: &str| file_system(mounts, Path::new(folder)).unwrap();
        assert_eq!(on("/tmp/x"), "tmpfs");
        assert_eq!(on("/tmpx"), "ext4");
        assert_eq!(on("/home"), "ext4");
        assert_eq!(file_system("", Path::new("/")), None);
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let machine = Machine::look().unwrap();
        assert!(machine.cores > 0 && machine.memory_mb > 0 && machine.sync_p99_us >= machine.sync_median_us);
    }
}
