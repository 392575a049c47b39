//! What is sent of a file: all of it, or a picture without what says where it was taken.

use huis_core::files::{DamagedPicture, Kept, is_stripped_kind, without_metadata};

use crate::platform::away;
use crate::ports::{FileFault, OpenFile, Stamp};

/// The first bytes of a file that are looked at.
pub(super) const BEGINNING: usize = 16;
/// A picture larger than this is not read into memory to take something out of it.
const LARGEST_PICTURE: u64 = 32 * 1024 * 1024;

/// An open file, as it is sent.
pub(super) struct Source {
    file: Box<dyn OpenFile>,
    /// What of it is sent; none for all of it, which may be more than a `usize` counts in a browser.
    kept: Option<Vec<Kept>>,
    /// How much is sent.
    pub(super) size: u64,
    /// The file's own size, and when it was changed.
    pub(super) stamp: Stamp,
}

impl Source {
    /// Looks at a file; `strips` says whether pictures are sent without what says where they were taken.
    pub(super) async fn of(mut file: Box<dyn OpenFile>, strips: bool) -> Result<Self, FileFault> {
        let stamp = file.stamp().await?;
        let mut kept = None;
        if strips && is_stripped_kind(&file.read(0, BEGINNING).await?) {
            if stamp.size > LARGEST_PICTURE {
                let reason =
                    "it is too large a picture to take out what says where it was taken: send it with its metadata";
                return Err(FileFault::Other(reason.into()));
            }
            let picture = file.read(0, stamp.size as usize).await?;
            let found = away(move || without_metadata(&picture)).await.unwrap_or(Err(DamagedPicture));
            let found = found.map_err(|damaged| FileFault::Other(damaged.to_string()))?;
            kept = found;
        }
        let size = kept.as_ref().map_or(stamp.size, |kept| kept.iter().map(|part| part.length() as u64).sum());
        Ok(Self { file, kept, size, stamp })
    }

    /// Its first bytes.
    pub(super) async fn beginning(&mut self) -> Result<Vec<u8>, FileFault> {
        self.read(0, BEGINNING).await
    }

    /// So many bytes of what is sent; fewer where the file ends before.
    pub(super) async fn read(&mut self, at: u64, length: usize) -> Result<Vec<u8>, FileFault> {
        let end = self.size.min(at + length as u64);
        let Some(kept) = &self.kept else {
            return self.file.read(at, end.saturating_sub(at) as usize).await;
        };
        let mut bytes = Vec::new();
        let mut from = 0_u64;
        for part in kept {
            let behind = from + part.length() as u64;
            let (first, last) = (at.max(from), end.min(behind));
            if first < last {
                let (skipped, wanted) = ((first - from) as usize, (last - first) as usize);
                match part {
                    Kept::Range(range) => {
                        let read = self.file.read((range.start + skipped) as u64, wanted).await?;
                        let is_short = read.len() < wanted;
                        bytes.extend(read);
                        if is_short {
                            break;
                        }
                    }
                    Kept::Bytes(others) => {
                        bytes.extend_from_slice(others.get(skipped..skipped + wanted).unwrap_or_default());
                    }
                }
            }
            from = behind;
        }
        Ok(bytes)
    }

    /// Whether the file is still as it was when it was opened.
    pub(super) async fn is_as_it_was(&mut self) -> Result<bool, FileFault> {
        Ok(self.file.stamp().await? == self.stamp)
    }
}
