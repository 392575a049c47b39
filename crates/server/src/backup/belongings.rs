//! What belongs to a server beside its database: its keys, its own authority or self-signed certificate, its settings.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huis_proto::rest::Secret;
use zeroize::Zeroizing;

use super::BackupError;
use crate::config::FILE_NAME;
use crate::keys::{self, make_private_folder, write_private};
use crate::serve::{local_authority, tls};

/// The largest file that is taken along.
const LARGEST: u64 = 1024 * 1024;

/// By their paths in the data folder. What else lies there is not the server's.
fn paths() -> impl Iterator<Item = String> {
    let keys = keys::FILES.iter().map(|name| format!("{}/{name}", keys::FOLDER));
    let local = [local_authority::AUTHORITY, local_authority::ISSUER, local_authority::SERVED];
    let tls = [tls::CERTIFICATE, tls::KEY].into_iter().chain(local).map(|name| format!("{}/{name}", tls::FOLDER));
    keys.chain(tls).chain([FILE_NAME.to_owned()])
}

/// Those that are there, in base64url.
pub(super) fn gather(data: &Path) -> Result<BTreeMap<String, Secret>, BackupError> {
    let mut found = BTreeMap::new();
    for name in paths() {
        let path = data.join(&name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(BackupError::io(&path)(error)),
        };
        let mut content = Zeroizing::new(Vec::new());
        file.take(LARGEST + 1).read_to_end(&mut content).map_err(BackupError::io(&path))?;
        if content.len() as u64 > LARGEST {
            return Err(BackupError::TooLarge(path));
        }
        found.insert(name, Secret::new(URL_SAFE_NO_PAD.encode(content.as_slice())));
    }
    Ok(found)
}

/// Writes them into a folder, each for its owner alone. A name that no file of a server has is passed over: a backup
/// does not say where it is written to. Whether all of them could be read.
pub(super) fn lay_out(files: &BTreeMap<String, Secret>, folder: &Path) -> Result<bool, BackupError> {
    for name in paths() {
        let Some(content) = files.get(&name) else { continue };
        let Ok(content) = URL_SAFE_NO_PAD.decode(content.expose()).map(Zeroizing::new) else { return Ok(false) };
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            make_private_folder(parent)?;
        }
        write_private(&path, &content)?;
    }
    Ok(true)
}

/// The names in the data folder under which they and the database lie, the database last.
pub(super) fn entries(folder: &Path, database: &str) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(BackupError::io(folder))? {
        let name = entry.map_err(BackupError::io(folder))?.file_name();
        names.extend(name.into_string().ok().filter(|name| name != database));
    }
    names.push(database.into());
    Ok(names)
}
