//! The data folder: whether it can be used, by whom, and what lies in it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{Access, access};

use super::Said;
use super::scene::Scene;
use crate::backup::UNFINISHED;
use crate::keys::{KeyError, Keys};
use crate::space::{free_bytes, size};

/// Below this a start may fail at its first words.
const LEAST_FREE: u64 = 64 * 1024 * 1024;
/// Below this it is time to look.
const LITTLE_FREE: u64 = 1024 * 1024 * 1024;

pub(super) fn folder(scene: &Scene<'_>) -> Vec<Said> {
    let data = &scene.config.data;
    let shown = data.display();
    let metadata = match fs::metadata(data) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return vec![not_there_yet(data)],
        Err(error) => return vec![Said::fault(format!("{shown}: {error}"), "check its path and permissions")],
    };
    if !metadata.is_dir() {
        return vec![Said::fault(format!("{shown} is no folder"), "name another one with --data")];
    }
    if let Err(error) = access(data, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let error = io::Error::from(error);
        return vec![Said::fault(
            format!("{shown} can't be written by this user: {error}"),
            "check as the user of the server, and give the folder to that user (chown -R)",
        )];
    }
    if data.join(UNFINISHED).exists() {
        return vec![Said::fault(
            format!("{shown} holds a restore that has not ended"),
            "let it end, or delete what is in the folder and restore again",
        )];
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return vec![Said::warning(
            format!("{shown} is open to other users of this machine"),
            format!("chmod 700 {shown}"),
        )];
    }
    vec![Said::ok(format!("{shown} is there, writable, and its owner's alone"))]
}

/// The first start makes it, where it may.
fn not_there_yet(data: &Path) -> Said {
    let above =
        data.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let nearest = above.into_iter().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match access(nearest, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Said::ok(format!("{} is not there yet; the first start makes it", data.display())),
        Err(error) => Said::fault(
            format!(
                "{} is not there and can't be made: {}: {}",
                data.display(),
                nearest.display(),
                io::Error::from(error)
            ),
            "make it and give it to the user of the server (mkdir, chown)",
        ),
    }
}

pub(super) fn space(scene: &Scene<'_>) -> Vec<Said> {
    vec![match free_bytes(&scene.config.data) {
        Err(error) => Said::warning(format!("how much is free can't be seen: {error}"), "look by `df`"),
        Ok(free) if free < LEAST_FREE => {
            Said::fault(format!("{} free", size(free)), "free some space: messages are refused while the disk is full")
        }
        Ok(free) if free < LITTLE_FREE => Said::warning(format!("{} free", size(free)), "free some space soon"),
        Ok(free) => Said::ok(format!("{} free", size(free))),
    }]
}

pub(super) fn server(scene: &Scene<'_>) -> Vec<Said> {
    vec![match &scene.is_held {
        Ok(true) => Said::ok("a server runs on this folder; a second one would be refused"),
        Ok(false) => Said::ok("none runs on this folder"),
        Err(error) => Said::fault(error.to_string(), "check as the user of the server"),
    }]
}

pub(super) fn keys(scene: &Scene<'_>) -> Vec<Said> {
    let data = &scene.config.data;
    let others = Keys::open_to_others(data);
    let mut said: Vec<Said> = others
        .iter()
        .map(|path| {
            let path = path.display();
            Said::warning(format!("{path} is open to other users of this machine"), format!("chmod 600 {path}"))
        })
        .collect();
    match Keys::open(data) {
        Ok(_) if said.is_empty() => said.push(Said::ok("all there, and their owner's alone")),
        Ok(_) => {}
        Err(KeyError::Missing(_)) if !scene.has_run_before() => {
            said.push(Said::ok("not there yet; the first start makes them"));
        }
        Err(error @ KeyError::Io { .. }) => {
            said.push(Said::fault(error.to_string(), "check as the user of the server"))
        }
        // What to do stands in the sentence.
        Err(error) => said.push(Said::fault(error.to_string(), "")),
    }
    said
}
