//! Small pictures of files that are sent: decoded here, away from the engine's thread.

use std::time::Duration;

use huis_core::content::Thumbnail;
use tokio::sync::Semaphore;

use super::away;

/// A file of more bytes is sent without a small picture.
pub(crate) const LARGEST_PICTURE: u64 = huis_pictures::LARGEST_FILE;
/// A picture that takes longer goes without one too: its message waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// One is decoded at a time, also where nobody waits for it any more.
static ONE: Semaphore = Semaphore::const_new(1);

/// The small picture of a file, of at most so many bytes; none where it can't be decoded, whatever the reason.
pub(crate) async fn small_picture(file: Vec<u8>, most: usize) -> Option<Thumbnail> {
    let making = async {
        let place = ONE.acquire().await.ok()?;
        let made = away(move || {
            let made = huis_pictures::small(&file, most);
            drop(place);
            made
        });
        made.await.flatten()
    };
    let made = tokio::time::timeout(PATIENCE, making).await.ok().flatten()?;
    Some(Thumbnail { picture: made.jpeg.into(), width: made.width, height: made.height })
}
