//! Files through the server: from the command that sends one to the one that saves it, beside what people use for that
//! today. Every run makes its turn of everything, so that all of it meets the same machine.

mod peers;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rand::{RngCore as _, SeedableRng as _};
use serde::Serialize;
use serde_json::Value;

use self::peers::{Age, Scp};
use crate::ServerArgs;
use crate::person::Person;
use crate::process_costs;
use crate::server_process::{self, ServerProcess};
use crate::spread::median_line;

/// How often a process is looked at.
const LOOKS: Duration = Duration::from_millis(10);
/// Written at once where the file is made.
const PORTION: usize = 1 << 20;

/// How much, and how often.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "carry")]
pub(crate) struct Args {
    /// Megabytes (2^20 bytes) of the file
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub(crate) mib: u64,
    /// How often it is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
}

/// Rates are in millions of bytes of the file a second.
#[derive(Serialize)]
struct Rates {
    system: &'static str,
    measurement: &'static str,
    mib: u64,
    /// From the start of `huis send --file` until it ends: sealed, uploaded, and the message acknowledged.
    send_mb_per_s: f64,
    /// From the start of `huis files get` until it ends: downloaded, opened, and on disk.
    get_mb_per_s: f64,
    /// Of both, one after the other.
    both_mb_per_s: f64,
    send_peak_mb: f64,
    get_peak_mb: f64,
    server_peak_mb: f64,
    server_cpu_s: f64,
    /// Read, written, and on disk.
    copy_mb_per_s: f64,
    /// `scp` with aes256-gcm through an `sshd` on this machine; there and back are alike, so one way is measured.
    scp_mb_per_s: Option<f64>,
    age_seal_mb_per_s: Option<f64>,
    age_open_mb_per_s: Option<f64>,
}

impl Args {
    /// What `docs/performance.md` states.
    pub(crate) fn stated() -> Self {
        Self { mib: 1024, runs: 3 }
    }
}

/// Prints a line for each run, then the medians.
pub(crate) async fn measure(server: &ServerArgs, args: &Args, print: &mut dyn FnMut(Value)) -> anyhow::Result<()> {
    let program = server_process::program(server.server_binary.as_deref())?;
    let folder = tempfile::tempdir()?;
    let original = folder.path().join("original");
    write_random(&original, args.mib).context("the file was not made")?;
    let scp = Scp::start(&folder.path().join("ssh"));
    let age = Age::find(folder.path());
    let mut lines = Vec::new();
    for run in 1..=args.runs {
        eprintln!("a file of {} MiB, run {run} of {}", args.mib, args.runs);
        let run_folder = tempfile::tempdir_in(folder.path())?;
        let line = serde_json::to_value(
            one_run(&program, run_folder.path(), &original, args.mib, scp.as_ref(), age.as_ref()).await?,
        )?;
        print(line.clone());
        lines.push(line);
    }
    median_line(&lines).into_iter().for_each(&mut *print);
    Ok(())
}

/// Bytes that nothing makes smaller.
fn write_random(path: &Path, mib: u64) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut random = rand::rngs::StdRng::seed_from_u64(mib);
    let mut portion = vec![0; PORTION];
    for _ in 0..mib {
        random.fill_bytes(&mut portion);
        file.write_all(&portion)?;
    }
    file.into_inner()?.sync_all()?;
    Ok(())
}

async fn one_run(
    program: &Path,
    folder: &Path,
    original: &Path,
    mib: u64,
    scp: Option<&Scp>,
    age: Option<&Age>,
) -> anyhow::Result<Rates> {
    let bytes = (mib << 20) as f64;
    let rate = |took: Duration| bytes / took.as_secs_f64() / 1e6;

    let copy = folder.join("copy");
    let began = Instant::now();
    fs::copy(original, &copy)?;
    File::open(&copy)?.sync_all()?;
    let copy_mb_per_s = rate(began.elapsed());
    fs::remove_file(&copy)?;

    let settings: Vec<String> = ["--file-size-mib", "65536", "--file-quota-mib", "131072"].map(Into::into).into();
    let data = folder.join("server");
    let process = ServerProcess::start_with(Some(program), Some(&data), false, &settings).await?;
    let sender = Person::register(program, folder, "sender", &process.url)?;
    let getter = Person::register(program, folder, "getter", &process.url)?;
    does(sender.program(program).args(["send", "@getter", "here it comes"]))?;
    does(getter.program(program).args(["receive", "--count", "1", "--timeout", "30"]))?;
    does(getter.program(program).args(["send", "@sender", "let it come"]))?;
    let cpu = process.cpu_seconds()?;
    let sent = does(sender.program(program).args(["send", "@getter", "--file"]).arg(original))?;
    does(getter.program(program).args(["receive", "--count", "1", "--timeout", "30"]))?;
    let saved = folder.join("saved");
    let file = format!("{}:1", sent.said.trim());
    let got = does(getter.program(program).args(["files", "get", &file, "--to"]).arg(&saved))?;
    let server_cpu_s = process.cpu_seconds()? - cpu;
    let server_peak_mb = process.peak_kb()? as f64 * 1024.0 / 1e6;
    process.stop().await?;
    ensure!(same(original, Path::new(got.said.trim()))?, "what was saved is not what was sent");
    for done_with in [&data, &saved] {
        fs::remove_dir_all(done_with)?;
    }

    let scp_mb_per_s = scp.map(|scp| scp.copies(original, folder).map(rate)).transpose()?;
    let sealed_and_opened = age.map(|age| age.seals_and_opens(original, folder)).transpose()?;
    Ok(Rates {
        system: "huis",
        measurement: "files through the server",
        mib,
        send_mb_per_s: rate(sent.took),
        get_mb_per_s: rate(got.took),
        both_mb_per_s: rate(sent.took + got.took),
        send_peak_mb: sent.peak_mb,
        get_peak_mb: got.peak_mb,
        server_peak_mb,
        server_cpu_s,
        copy_mb_per_s,
        scp_mb_per_s,
        age_seal_mb_per_s: sealed_and_opened.map(|(seal, _)| rate(seal)),
        age_open_mb_per_s: sealed_and_opened.map(|(_, open)| rate(open)),
    })
}

/// Whether two files are equal.
fn same(one: &Path, other: &Path) -> anyhow::Result<bool> {
    Ok(Command::new("cmp").arg("--silent").args([one, other]).status().context("cannot start cmp")?.success())
}

/// What a command did.
struct Done {
    took: Duration,
    /// The most memory that its process had, with what it shares.
    peak_mb: f64,
    said: String,
}

/// Runs a command to its end, and watches its memory.
fn does(command: &mut Command) -> anyhow::Result<Done> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let began = Instant::now();
    // What it says fits into a pipe.
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let mut peak_kb = 0;
    let mut took = None;
    while took.is_none() {
        // Gone with the process.
        peak_kb = process_costs::peak_kb(child.id()).unwrap_or(0).max(peak_kb);
        match child.try_wait()? {
            Some(_) => took = Some(began.elapsed()),
            None => std::thread::sleep(LOOKS),
        }
    }
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{shown} failed: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    Ok(Done { took: took.unwrap_or_default(), peak_mb: peak_kb as f64 * 1024.0 / 1e6, said })
}
