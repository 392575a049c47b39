//! What the browser keeps of this device beside the database: the database's key, and whose it is.

use huis_engine::DatabaseKey;
use huis_proto::rest::Secret;
use js_sys::{Reflect, Uint8Array};
use rand::rngs::OsRng;
use wasm_bindgen::{JsCast, JsValue};

use crate::platform::{Platform, said};

/// A session that one does not stay signed in with is locked after this time without a person.
const IDLE_MS: f64 = 15.0 * 60.0 * 1000.0;

/// This device, with its key.
pub(crate) struct Device {
    pub(crate) key: DatabaseKey,
    pub(crate) owner: Owner,
}

/// What is known of a device without its key.
#[derive(Clone, Default)]
pub(crate) struct Owner {
    /// The key under the account's password, from the sign-in on.
    pub(crate) sealed: Option<Vec<u8>>,
    /// Who signed in.
    pub(crate) username: Option<String>,
    /// Whether one stays signed in however long nobody is there.
    pub(crate) stays: bool,
    /// When a person was last there, in milliseconds since 1970.
    pub(crate) attended_at: f64,
}

/// What is found at the start.
pub(crate) enum Found {
    Nothing,
    /// The key is destroyed, and the database is to go as well.
    GivenUp,
    Open(Device),
    Locked(Owner),
}

impl Owner {
    /// Whether the time without a person is over.
    pub(crate) fn is_idle(&self) -> bool {
        !self.stays && self.sealed.is_some() && js_sys::Date::now() - self.attended_at > IDLE_MS
    }
}

impl Device {
    /// A device that nobody signed in on.
    pub(crate) fn fresh() -> Self {
        Self { key: DatabaseKey::random(&mut OsRng), owner: Owner::default() }
    }

    pub(crate) async fn keep(&self, platform: &Platform) -> Result<(), String> {
        let Owner { sealed, username, stays, attended_at } = &self.owner;
        let sealed = sealed.as_deref().map_or(JsValue::UNDEFINED, |sealed| Uint8Array::from(sealed).into());
        let username = username.as_deref().map_or(JsValue::UNDEFINED, JsValue::from_str);
        let key = Uint8Array::from(self.key.expose().as_slice());
        let kept = platform.keep(key.clone(), sealed, username, *stays, *attended_at).await;
        key.fill(0, 0, key.length());
        kept.map(drop).map_err(|error| said(&error))
    }

    /// Somebody signed in with this password, which opens the key when it is locked.
    pub(crate) fn seal(&mut self, password: &Secret) -> Result<(), String> {
        let sealed = self.key.lock(&mut OsRng, password).map_err(|error| error.to_string())?;
        self.owner.sealed = Some(sealed);
        Ok(())
    }
}

/// Why what is kept is of no use.
pub(crate) enum Trouble {
    /// It is gone or damaged, and does not come back.
    Lost(String),
    /// It can't be had now; what is there stays as it is.
    NotNow(String),
}

/// What WebCrypto says of bytes that a key does not open (W3C Web Cryptography, section 18.4).
const DOES_NOT_OPEN: &str = "OperationError";

/// Looks for what is kept.
pub(crate) async fn find(platform: &Platform) -> Result<Found, Trouble> {
    let record = platform.load().await.map_err(|error| {
        let is_damaged = error.dyn_ref::<js_sys::Error>().is_some_and(|error| error.name() == DOES_NOT_OPEN);
        if is_damaged { Trouble::Lost(said(&error)) } else { Trouble::NotNow(said(&error)) }
    })?;
    if record.is_undefined() {
        return Ok(Found::Nothing);
    }
    let field = |name: &str| Reflect::get(&record, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let bytes = |name: &str| field(name).dyn_into::<Uint8Array>().ok();
    if field("erasing").is_truthy() {
        return Ok(Found::GivenUp);
    }
    let owner = Owner {
        sealed: bytes("sealed").map(|sealed| sealed.to_vec()),
        username: field("username").as_string(),
        stays: field("stays").is_truthy(),
        attended_at: field("attendedAt").as_f64().unwrap_or(0.0),
    };
    let Some(opened) = bytes("key") else {
        return Ok(Found::Locked(owner));
    };
    if opened.length() != 32 {
        return Err(Trouble::Lost("the key that is kept is none".into()));
    }
    let mut key = [0; 32];
    opened.copy_to(&mut key);
    opened.fill(0, 0, 32);
    let device = Device { key: DatabaseKey::from_bytes(key), owner };
    key.fill(0);
    Ok(Found::Open(device))
}
