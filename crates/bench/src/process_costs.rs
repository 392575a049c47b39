//! What a process costs, as the kernel counts it (proc(5)).

use std::fs;

use anyhow::Context as _;

/// A process's memory, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Its share: a page that several processes have counts for each of them in part.
    pub(crate) pss_kb: u64,
    /// All its pages, whoever else has them.
    pub(crate) rss_kb: u64,
}

/// The processor time that a process has used, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold spaces; user and system time are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(')').context("an unknown form of /proc/…/stat")?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The memory that a process has.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let field = |name: &str| {
        rollup
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .context("an unknown form of /proc/…/smaps_rollup")
    };
    Ok(Memory { pss_kb: field("Pss:")?, rss_kb: field("Rss:")? })
}
