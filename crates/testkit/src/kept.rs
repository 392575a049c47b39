//! Worlds that are kept as files: the databases of a server and of devices as a version wrote them, for later versions
//! to open.

use std::path::{Path, PathBuf};

use crate::device::Device;
use crate::server::Host;
use crate::world::World;

const SERVER: &str = "server";
const TIME: &str = "time";

/// The files of a world whose story goes on later.
#[derive(Debug, Clone)]
pub struct KeptWorld(PathBuf);

impl KeptWorld {
    /// The world that lies in this folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// When it was kept, in milliseconds since 1970: its story goes on then, before anything has expired.
    pub(crate) fn time_ms(&self) -> u64 {
        let time = std::fs::read_to_string(self.0.join(TIME)).expect("the time at which the world was kept");
        time.trim().parse().expect("a time in milliseconds")
    }

    pub(crate) fn copy_server_to(&self, folder: &Path) {
        Host::copy_files(&self.0.join(SERVER), folder);
    }
}

impl World {
    /// Switches the devices and the server off and keeps their files in a fresh folder.
    pub async fn is_kept_in(&self, folder: &Path, devices: &[&Device]) -> KeptWorld {
        for device in devices {
            device.stops().await;
            let place = folder.join(device.name());
            std::fs::create_dir_all(&place).expect("a folder for the device");
            device.is_kept_in(&place);
        }
        self.server_crashes().await;
        let server = folder.join(SERVER);
        std::fs::create_dir_all(&server).expect("a folder for the server");
        Host::copy_files(&self.server_folder(), &server);
        std::fs::write(folder.join(TIME), format!("{}\n", self.now_ms())).expect("the time is kept");
        KeptWorld::in_folder(folder)
    }

    /// The only device of the account of this name in a kept world. It is off yet.
    pub fn device_of(&self, kept: &KeptWorld, name: &str) -> Device {
        self.kept_device(name, &kept.0.join(name))
    }
}
