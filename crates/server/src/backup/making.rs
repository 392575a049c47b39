//! Making a backup while the server serves.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use age::stream::StreamWriter;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huis_proto::rest::Secret;
use huis_store::sqlite::copy;
use rand::RngCore as _;
use rand::rngs::OsRng;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::format::{Description, Form, Kind, Secrets, Writer};
use super::sealing::{RestoreKey, Sealing, seal};
use super::{BackupError, belongings, is_in_the_folder};
use crate::config::Config;
use crate::keys::Keys;
use crate::serve::process::DATABASE;
use crate::space::free_bytes;
use crate::state::Clock;

/// How much of the database is read at once.
const PIECE: usize = 256 * 1024;
/// What is left free for the server where the copy of its database is made.
const LEFT_FREE: u64 = 64 * 1024 * 1024;
/// What a backup takes beside its database, at most.
const BESIDE: u64 = 16 * 1024 * 1024;

/// A backup that is whole, checked and on disk, and does not bear its name yet. Dropped without
/// [`publish`](Self::publish) it is gone.
pub struct Made {
    /// What it says of itself.
    pub description: Description,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// The key that opens its secrets, where no other was named. **It stands nowhere else.**
    pub restore_key: Option<RestoreKey>,
    part: Unfinished,
    file: PathBuf,
}

/// Makes a backup of the server of this configuration, which may run. `progress` is told how much of how much is done.
///
/// # Errors
/// [`BackupError`]; nothing is left of it then.
pub fn make(
    config: &Config,
    clock: &dyn Clock,
    file: &Path,
    sealing: &Sealing,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Made, BackupError> {
    if file.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(file.into()));
    }
    is_in_the_folder(config)?;
    let database = config.data.join(DATABASE);
    let size = match fs::metadata(&database) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(BackupError::NoServer(config.data.clone())),
        Err(error) => return Err(BackupError::io(&database)(error)),
    };
    // They are whole, or it would be no backup.
    Keys::open(&config.data)?;
    let files = belongings::gather(&config.data)?;
    let part = Unfinished::begin(file.with_added_extension("part"))?;
    needs_space(&config.data, size.saturating_add(LEFT_FREE))?;
    let copied = Unfinished::begin(config.data.join(format!("{DATABASE}.copy")))?;
    // Three times over the database: copied, written, read back.
    let inspection = copy(&database, &copied.path, &mut |done, all| progress(done, all.saturating_mul(3)))
        .map_err(BackupError::store(&database))?;
    let all = inspection.bytes.saturating_mul(3);
    needs_space(&part.path, inspection.bytes.saturating_add(BESIDE))?;
    let description = Description {
        made_at_ms: clock.now_ms(),
        huis: env!("CARGO_PKG_VERSION").into(),
        schema: inspection.schema,
        incarnation: inspection.incarnation,
        database_bytes: inspection.bytes,
    };
    let mut done = inspection.bytes;
    let mut said = |bytes: u64| {
        done = done.saturating_add(bytes);
        progress(done.min(all), all);
    };
    let attempt = || {
        let (written, restore_key) = write(&part, &description, files, &copied, sealing, &mut said)?;
        part.file.sync_all()?;
        drop(copied);
        let is_as_written = read_back(&part.path, &mut said)? == written.hash;
        Ok((written, restore_key, is_as_written))
    };
    let (written, restore_key, is_as_written) = attempt().map_err(BackupError::io(&part.path))?;
    if !is_as_written {
        return Err(BackupError::BadDisk(part.path.clone()));
    }
    let sha256 = written.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Made { description, bytes: written.bytes, sha256, restore_key, part, file: file.into() })
}

impl Made {
    /// Gives it its name, if no other file has it by now.
    ///
    /// # Errors
    /// [`BackupError::Exists`] or `Io`.
    pub fn publish(self) -> Result<(), BackupError> {
        let (from, to) = (&self.part.path, &self.file);
        let wrong = BackupError::io(to);
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(BackupError::Exists(to.clone())),
            // Some file systems do not know how not to replace.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                if to.symlink_metadata().is_ok() {
                    return Err(BackupError::Exists(to.clone()));
                }
                fs::rename(from, to).map_err(&wrong)?;
            }
            Err(error) => return Err(wrong(error.into())),
        }
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(&wrong)
    }
}

struct Written {
    bytes: u64,
    hash: [u8; 32],
}

fn write(
    part: &Unfinished,
    description: &Description,
    files: BTreeMap<String, Secret>,
    copied: &Unfinished,
    sealing: &Sealing,
    said: &mut dyn FnMut(u64),
) -> io::Result<(Written, Option<RestoreKey>)> {
    let encryptor = sealing.encryptor();
    let form = if encryptor.is_some() { Form::Sealed } else { Form::Open };
    let mut to = Counted { to: BufWriter::new(&part.file), bytes: 0, hash: Sha256::new() };
    to.write_all(form.first_line().as_bytes())?;
    let mut writer = Writer::new(Body::of(to, encryptor)?, form);

    writer.record(Kind::Description, &serde_json::to_vec(description)?)?;
    let mut binding = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(binding.as_mut());
    let secrets = Secrets { binding: Secret::new(URL_SAFE_NO_PAD.encode(binding.as_slice())), files };
    let secrets = Zeroizing::new(serde_json::to_vec(&secrets)?);
    let restore_key = match form {
        Form::Sealed => {
            writer.record(Kind::Secrets, &secrets)?;
            None
        }
        Form::Open => {
            let key = RestoreKey::generate();
            writer.record(Kind::Secrets, &seal(&secrets, key.recipient())?)?;
            Some(key)
        }
    };
    let mut database = File::open(&copied.path)?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = filled(&mut database, &mut piece)?;
        if length == 0 {
            break;
        }
        writer.record(Kind::Piece, &piece[..length])?;
        said(length as u64);
    }
    let mut to = writer.end(binding.as_slice())?.finish()?;
    to.flush()?;
    Ok((Written { bytes: to.bytes, hash: to.hash.finalize().into() }, restore_key))
}

fn read_back(path: &Path, said: &mut dyn FnMut(u64)) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let length = filled(&mut file, &mut piece)?;
        if length == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&piece[..length]);
        said(length as u64);
    }
}

/// Reads until the buffer is full or the file ends.
fn filled(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match from.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn needs_space(at: &Path, needed: u64) -> Result<(), BackupError> {
    let free = free_bytes(at).map_err(BackupError::io(at))?;
    if free < needed {
        return Err(BackupError::NoSpace { folder: at.into(), free, needed });
    }
    Ok(())
}

/// A file that is being written, for its owner alone, by one process at a time. It is gone when this is dropped; what a
/// killed process left is taken over.
struct Unfinished {
    path: PathBuf,
    file: File,
}

impl Unfinished {
    fn begin(path: PathBuf) -> Result<Self, BackupError> {
        let attempt = || {
            let file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.set_len(0)?;
            Ok(Some(file))
        };
        match attempt() {
            Ok(Some(file)) => Ok(Self { path, file }),
            Ok(None) => Err(BackupError::Busy(path)),
            Err(error) => Err(BackupError::Io { path, error }),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already where it got its name. What SQLite makes beside a database goes with it.
        let _ = fs::remove_file(&self.path);
        for suffix in ["-journal", "-wal", "-shm"] {
            let mut beside = self.path.clone().into_os_string();
            beside.push(suffix);
            let _ = fs::remove_file(beside);
        }
    }
}

/// Counts and hashes what goes through.
struct Counted<W> {
    to: W,
    bytes: u64,
    hash: Sha256,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Where the records go: as they are, or through age.
enum Body<W: Write> {
    Open(W),
    Sealed(Box<StreamWriter<W>>),
}

impl<W: Write> Body<W> {
    fn of(to: W, encryptor: Option<age::Encryptor>) -> io::Result<Self> {
        match encryptor {
            None => Ok(Self::Open(to)),
            Some(encryptor) => Ok(Self::Sealed(Box::new(encryptor.wrap_output(to)?))),
        }
    }

    fn finish(self) -> io::Result<W> {
        match self {
            Self::Open(to) => Ok(to),
            Self::Sealed(stream) => stream.finish(),
        }
    }
}

impl<W: Write> Write for Body<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(to) => to.write(bytes),
            Self::Sealed(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(to) => to.flush(),
            Self::Sealed(to) => to.flush(),
        }
    }
}
