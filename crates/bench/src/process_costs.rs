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
    let times = Times::of(&fs::read_to_string(format!("/proc/{pid}/stat"))?)?;
    Ok(seconds(times.own))
}

/// The processor time of a process and of all that it started itself, those that have ended as well, in seconds.
pub(crate) fn cpu_seconds_with_children(pid: u32) -> anyhow::Result<f64> {
    let parent = Times::of(&fs::read_to_string(format!("/proc/{pid}/stat"))?)?;
    let mut ticks = parent.own + parent.of_ended_children;
    for entry in fs::read_dir("/proc")? {
        // Whatever has ended since the folder was read.
        let Ok(stat) = fs::read_to_string(entry?.path().join("stat")) else { continue };
        let times = Times::of(&stat)?;
        if times.parent == pid {
            ticks += times.own + times.of_ended_children;
        }
    }
    Ok(seconds(ticks))
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// What a process has used, in ticks of the kernel's clock.
#[derive(Debug, PartialEq, Eq)]
struct Times {
    parent: u32,
    own: u64,
    /// Of those that were waited for.
    of_ended_children: u64,
}

impl Times {
    fn of(stat: &str) -> anyhow::Result<Self> {
        const FORM: &str = "an unknown form of /proc/…/stat";
        // The name, in parentheses, may hold spaces. Behind it: state, parent, and from the 14th field of all on the times.
        let (_, fields) = stat.rsplit_once(')').context(FORM)?;
        let number = |place| -> anyhow::Result<u64> {
            fields.split_whitespace().nth(place).and_then(|field| field.parse().ok()).context(FORM)
        };
        Ok(Self {
            parent: u32::try_from(number(1)?)?,
            own: number(11)? + number(12)?,
            of_ended_children: number(13)? + number(14)?,
        })
    }
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

/// The most memory that a process has had so far, with what it shares, in KiB.
pub(crate) fn peak_kb(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok());
    number.context("an unknown form of /proc/…/status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_a_name_that_may_hold_anything() {
        let stat = "42 (a) b) S 7 42 42 0 -1 4194304 100 200 0 0 31 12 5 4 20 0 1 0 9";
        assert_eq!(Times::of(stat).unwrap(), Times { parent: 7, own: 43, of_ended_children: 9 });
        assert!(Times::of("42").is_err());
    }

    #[test]
    fn what_children_used_is_counted_with_their_parent() {
        let own = cpu_seconds(std::process::id()).unwrap();
        assert!(cpu_seconds_with_children(std::process::id()).unwrap() >= own);
    }
}
