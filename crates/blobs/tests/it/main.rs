//! One suite, and the storages that it runs on.

mod conformance;
mod storages;

macro_rules! conforms {
    ($($law:ident),+ $(,)?) => {
        mod folder {
            $(#[tokio::test]
            async fn $law() {
                let storage = crate::storages::Folder::new();
                crate::conformance::$law(storage.blobs().await).await;
            })+
        }

        mod s3 {
            $(#[tokio::test]
            async fn $law() {
                let Some(blobs) = crate::storages::emulated_s3().await else { return };
                crate::conformance::$law(blobs).await;
            })+
        }
    };
}

conforms!(
    what_is_stored_is_read_in_any_part,
    a_piece_may_be_repeated_and_never_replaced,
    a_piece_that_comes_in_portions_is_there_when_it_is_finished,
    of_those_who_write_large_pieces_at_one_place_one_counts,
    of_writers_at_one_place_one_counts,
    a_blob_ends_at_its_first_gap,
    what_is_deleted_is_gone_and_others_stay,
    a_blob_of_many_pieces_is_deleted_whole,
    pieces_have_bounds,
    a_storage_that_works_passes_its_check,
);
