//! What others carry and seal files with. Whoever has none of them measures the rest.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use super::does;

/// `scp`, and an `sshd` of this program's own on a free port, which lets in nobody but this program.
pub(super) struct Scp {
    folder: PathBuf,
    port: u16,
    sshd: Child,
}

impl Scp {
    /// None, and why, where there is no `sshd` that starts.
    pub(super) fn start(folder: &Path) -> Option<Self> {
        match Self::try_start(folder) {
            Ok(scp) => Some(scp),
            Err(error) => {
                eprintln!("without scp: {error:#}");
                None
            }
        }
    }

    fn try_start(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        for name in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            does(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name)))?;
        }
        let path = |name: &str| folder.join(name).display().to_string();
        // Free when it was asked for; where it is taken meanwhile, sshd says so and there is no scp.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let settings = [
            format!("ListenAddress 127.0.0.1:{port}"),
            format!("HostKey {}", path("host")),
            format!("AuthorizedKeysFile {}", path("user.pub")),
            format!("PidFile {}", path("pid")),
            "StrictModes no".into(),
            "UsePAM no".into(),
            "PasswordAuthentication no".into(),
            "PermitRootLogin prohibit-password".into(),
            "Subsystem sftp internal-sftp".into(),
        ];
        fs::write(folder.join("config"), settings.join("\n"))?;
        let mut sshd = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(folder.join("config"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start sshd")?;
        let mut line = String::new();
        BufReader::new(sshd.stderr.take().context("no standard error")?).read_line(&mut line)?;
        let scp = Self { folder: folder.to_owned(), port, sshd };
        anyhow::ensure!(line.starts_with("Server listening"), "sshd says: {}", line.trim());
        Ok(scp)
    }

    /// Copies a file through the server, and says how long it took.
    pub(super) fn copies(&self, original: &Path, to: &Path) -> anyhow::Result<Duration> {
        let copy = to.join("by scp");
        let mut scp = Command::new("scp");
        scp.args(["-q", "-B", "-c", "aes256-gcm@openssh.com", "-o", "StrictHostKeyChecking=no"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", self.folder.join("known").display()))
            .arg("-i")
            .arg(self.folder.join("user"))
            .args(["-P", &self.port.to_string()])
            .arg(original)
            .arg(format!("127.0.0.1:{}", copy.display()));
        let done = does(&mut scp)?;
        fs::remove_file(copy)?;
        Ok(done.took)
    }
}

impl Drop for Scp {
    fn drop(&mut self) {
        // Ended already, or ended now.
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// `age`, with a key of its own.
pub(super) struct Age {
    key: PathBuf,
    recipient: String,
}

impl Age {
    /// None where there is no `age`.
    pub(super) fn find(folder: &Path) -> Option<Self> {
        let key = folder.join("age key");
        let made = does(Command::new("age-keygen").arg("-o").arg(&key));
        let recipient = made.and_then(|_| does(Command::new("age-keygen").arg("-y").arg(&key)));
        match recipient {
            Ok(done) => Some(Self { key, recipient: done.said.trim().into() }),
            Err(error) => {
                eprintln!("without age: {error:#}");
                None
            }
        }
    }

    /// Seals a file and opens it again, and says how long each took.
    pub(super) fn seals_and_opens(&self, original: &Path, to: &Path) -> anyhow::Result<(Duration, Duration)> {
        let (sealed, opened) = (to.join("by age"), to.join("opened by age"));
        let mut age = Command::new("age");
        let seal = does(age.args(["-r", &self.recipient, "-o"]).arg(&sealed).arg(original))?;
        let mut age = Command::new("age");
        let open = does(age.args(["-d", "-i"]).arg(&self.key).arg("-o").arg(&opened).arg(&sealed))?;
        fs::remove_file(sealed)?;
        fs::remove_file(opened)?;
        Ok((seal.took, open.took))
    }
}
