//! Where files are kept: whether a piece is written, read and deleted there.

use huis_blobs::Blobs;
use huis_proto::BlobId;
use rand::rngs::OsRng;

use super::Said;
use super::scene::Scene;

pub(super) async fn look(scene: &Scene<'_>) -> Vec<Said> {
    let address = scene.config.blobs();
    // A check makes no folder.
    if address.as_folder().is_some_and(|folder| !folder.exists()) {
        return vec![Said::ok(format!("{address} is not there yet; the first start makes it"))];
    }
    let tried = async { Blobs::open(&address).await?.check(BlobId::random(&mut OsRng)).await };
    vec![match tried.await {
        Ok(()) => Said::ok(format!("{address} takes a piece, gives it back and deletes it")),
        Err(error) => Said::fault(format!("{address}: {error}"), "check its path or address, its permissions and keys"),
    }]
}
