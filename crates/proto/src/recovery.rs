//! What the recovery key signs when it sets a new password.

use sha2::{Digest, Sha256};

use crate::opaque::StretchParameters;
use crate::rest::Vault;

const VERSION: u8 = 1;

/// The bytes to sign under [`labels::RECOVERY`](crate::labels::RECOVERY): version byte 1, SHA-256 of the server's sealed
/// state, SHA-256 of OPAQUE's registration upload, memory, passes and lanes (4 bytes each), the vault's number (8 bytes),
/// SHA-256 of the vault. So a signature is good for this one recovery, and for no other record or vault than these.
pub fn wish(state: &[u8], opaque: &[u8], stretch: StretchParameters, vault: &Vault) -> Vec<u8> {
    let StretchParameters { memory_kib, passes, lanes } = stretch;
    [
        &[VERSION][..],
        &Sha256::digest(state),
        &Sha256::digest(opaque),
        &memory_kib.to_be_bytes(),
        &passes.to_be_bytes(),
        &lanes.to_be_bytes(),
        &vault.number.to_be_bytes(),
        &Sha256::digest(&*vault.sealed),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    const STRETCH: StretchParameters = StretchParameters { memory_kib: 1, passes: 2, lanes: 3 };

    fn vault(number: u64, sealed: &[u8]) -> Vault {
        Vault { number, sealed: Bytes(sealed.to_vec()) }
    }

    #[test]
    fn a_wish_keeps_its_bytes() {
        let wish = wish(b"state", b"record", STRETCH, &vault(4, b"vault"));
        assert_eq!(wish.len(), 117);
        let hex: String = wish.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
    }

    #[test]
    fn a_wish_is_another_one_if_any_part_of_it_is() {
        let one = wish(b"state", b"record", STRETCH, &vault(4, b"vault"));
        for other in [
            wish(b"stat", b"record", STRETCH, &vault(4, b"vault")),
            wish(b"staterecord", b"", STRETCH, &vault(4, b"vault")),
            wish(b"state", b"recore", STRETCH, &vault(4, b"vault")),
            wish(b"state", b"record", StretchParameters { passes: 1, ..STRETCH }, &vault(4, b"vault")),
            wish(b"state", b"record", STRETCH, &vault(5, b"vault")),
            wish(b"state", b"record", STRETCH, &vault(4, b"vaulu")),
        ] {
            assert_ne!(one, other);
        }
    }
}
