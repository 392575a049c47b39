//! The requests of transfers: tus 1.0.0 to the server, ranges from it.

use std::ops::Range;

use huis_core::files::Shape;
use huis_proto::rest::{FILES, PART_MEDIA_TYPE, TUS, file_content_path, file_path, headers};
use huis_proto::{BlobId, ErrorCode};
use huis_views::Failure;

use crate::api::{ApiError, problem_of};
use crate::client::Client;
use crate::ports::{FileMethod, FileRequest, FileResponse, Part};

/// Answers that are no file's bytes.
const ANSWER: usize = 64 * 1024;

/// Why a request of a transfer was not answered as it should.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may be, a little later, at the earliest after so many seconds.
    Later(Option<u64>),
    /// Somebody has to do something.
    Failed(Failure),
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        match &error {
            // Nobody makes room there but a person.
            ApiError::Refused(problem) if problem.code == ErrorCode::StorageFull => Self::Failed(error.into()),
            // Who signs in again, or answers for a certificate, finds the file on its way still.
            ApiError::Own(_) | ApiError::Certificate(_) => Self::Later(None),
            error if error.passes() => Self::Later(error.retry_after_s()),
            _ => Self::Failed(error.into()),
        }
    }
}

/// How far an upload is.
pub(super) enum Reached {
    /// So many bytes are there.
    Offset(u64),
    /// The server has it no longer.
    Gone,
}

impl Client {
    /// Makes an upload of so many bytes.
    pub(super) async fn make_upload(&self, shape: Shape) -> Result<BlobId, Trouble> {
        let length = (headers::UPLOAD_LENGTH, shape.sealed().to_string());
        let answer = self.carry(FileMethod::Post, FILES.into(), vec![length], None, ANSWER).await?;
        if answer.status != 201 {
            return Err(problem_of(answer.status, &answer.body).into());
        }
        let id = answer.location.as_deref().and_then(|location| location.rsplit('/').next());
        id.and_then(|id| id.parse().ok()).ok_or_else(|| bad_answer("an upload has no place"))
    }

    /// Asks how far an upload is.
    pub(super) async fn ask_offset(&self, blob: BlobId) -> Result<Reached, Trouble> {
        let answer = self.carry(FileMethod::Head, file_path(blob), vec![], None, ANSWER).await?;
        match (answer.status, answer.upload_offset) {
            (200 | 204, Some(offset)) => Ok(Reached::Offset(offset)),
            (403 | 404 | 410, _) => Ok(Reached::Gone),
            // An answer to this question has no body that would say more.
            // Of these the next connection says more: a client that is too old, or a server that has no time.
            (426 | 429 | 500.., _) => Err(Trouble::Later(None)),
            (status, _) => Err(bad_answer(&format!("status {status} to a question for an upload"))),
        }
    }

    /// Sends a part of an upload; gives how far it is then.
    pub(super) async fn send_part(&self, blob: BlobId, offset: u64, part: Part) -> Result<Reached, Trouble> {
        let behind = offset + part.as_ref().len() as u64;
        let with = vec![(headers::UPLOAD_OFFSET, offset.to_string()), ("content-type", PART_MEDIA_TYPE.to_owned())];
        let answer = self.carry(FileMethod::Patch, file_path(blob), with, Some(part), ANSWER).await?;
        if answer.status == 204 {
            return match answer.upload_offset {
                // It took nothing, and says that all is well: not asked without a pause.
                Some(reached) if reached == offset && behind > offset => Err(Trouble::Later(None)),
                Some(reached) if (offset..=behind).contains(&reached) => Ok(Reached::Offset(reached)),
                _ => Err(bad_answer("an upload is somewhere else than it can be")),
            };
        }
        let error = problem_of(answer.status, &answer.body);
        match error.code() {
            // After very many short pieces no more are taken: it is begun anew.
            Some(ErrorCode::NotFound | ErrorCode::FileUnknown | ErrorCode::LimitReached) => Ok(Reached::Gone),
            // Where it is, the next question says.
            Some(ErrorCode::OffsetConflict | ErrorCode::ChecksumMismatch) => Err(Trouble::Later(None)),
            // Huis' own refusals say their code.
            None if answer.status == 413 => Err(too_large_for_proxy()),
            _ => Err(error.into()),
        }
    }

    /// Removes an upload that nobody needs, or lets go of what one message has of it: `of` says which.
    pub(super) async fn give_up_blob(&self, blob: BlobId, of: &str) -> Result<(), Trouble> {
        let path = if of.is_empty() { file_path(blob) } else { format!("{}?{of}", file_path(blob)) };
        let answer = self.carry(FileMethod::Delete, path, vec![], None, ANSWER).await?;
        match problem_of(answer.status, &answer.body) {
            error if answer.status >= 400 && error.passes() => Err(error.into()),
            // What it does not let go of, it does not have, or it expires there.
            _ => Ok(()),
        }
    }

    /// Bytes of a sealed file, as far as they came; none where the server has it no longer.
    pub(super) async fn fetch_range(&self, blob: BlobId, shape: Shape, range: Range<u64>) -> Result<Fetched, Trouble> {
        let asked = ("range", format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let most = (range.end - range.start) as usize;
        let answer = self.carry(FileMethod::Get, file_content_path(blob), vec![asked], None, most.max(ANSWER)).await?;
        match answer.status {
            206 if answer.total.is_some_and(|total| total != shape.sealed()) => Ok(Fetched::OtherLength),
            200 if range.start > 0 || answer.body.len() > most => {
                Err(bad_answer("a part was asked for, and the whole came"))
            }
            200 | 206 => {
                let mut bytes = answer.body;
                bytes.truncate(most);
                Ok(Fetched::Bytes(bytes))
            }
            416 => Ok(Fetched::OtherLength),
            status => match problem_of(status, &answer.body) {
                ApiError::Refused(problem) if matches!(problem.code, ErrorCode::NotFound | ErrorCode::FileUnknown) => {
                    Ok(Fetched::Gone)
                }
                error => Err(error.into()),
            },
        }
    }

    /// One request, signed in; a token that is over is renewed once.
    async fn carry(
        &self,
        method: FileMethod,
        path: String,
        with: Vec<(&'static str, String)>,
        body: Option<Part>,
        most: usize,
    ) -> Result<FileResponse, ApiError> {
        let asked_with = self.session_id();
        let mut renew = false;
        loop {
            let token = self.access_token(renew).await?;
            if self.halted() {
                // A test's crash: as if the process were gone.
                return std::future::pending().await;
            }
            let mut headers = with.clone();
            if method != FileMethod::Get {
                headers.push((headers::TUS_RESUMABLE, TUS.to_owned()));
            }
            let request =
                FileRequest { method, path: path.clone(), token: Some(token), headers, body: body.clone(), most };
            let answer = self.transport.carry(request).await?;
            if answer.status != 401 {
                return Ok(answer);
            }
            if renew {
                self.session_ended_unless_renewed(asked_with);
                return Err(ApiError::Own(Failure::SessionEnded));
            }
            renew = true;
        }
    }
}

/// What came of a range.
pub(super) enum Fetched {
    /// Its bytes; fewer than were asked for, if the connection broke.
    Bytes(Vec<u8>),
    /// The server has the file no longer.
    Gone,
    /// What the server has is longer or shorter than what was sealed.
    OtherLength,
}

fn bad_answer(reason: &str) -> Trouble {
    Trouble::Failed(Failure::BadAnswer { reason: reason.into() })
}

/// What stands between here and the server takes smaller requests than the server does.
fn too_large_for_proxy() -> Trouble {
    let reason =
        "a proxy in front of the server refuses requests as large as the parts of files; its operator can allow 8 MiB";
    Trouble::Failed(Failure::BadAnswer { reason: reason.into() })
}
