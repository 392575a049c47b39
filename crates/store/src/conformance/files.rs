//! Stories of files and the messages that bring them.

use huis_proto::{BlobId, ConversationId, Member, limits};

use super::people::{People, stored};
use crate::{Append, Appended, Arrived, FileCreation, NewFile, SharedStore, Upload};

const LIFE_MS: u64 = 1000;
const COUNTED: u64 = 10;

fn new_file(people: &People, of: Member, length: u64) -> NewFile {
    NewFile {
        file: BlobId::from_bytes(people.id()),
        account: of.account,
        length,
        expires_at_ms: LIFE_MS,
        quota: 1 << 40,
        counted: COUNTED,
        most_unfinished: 64,
    }
}

/// An upload of which so much has arrived.
pub(super) async fn upload(people: &People, of: Member, length: u64, arrived: u64) -> BlobId {
    let new = new_file(people, of, length);
    let file = new.file;
    assert_eq!(people.store.create_file(new).await.expect("an answer"), FileCreation::Created);
    if arrived > 0 {
        let part = Arrived { from: 0, to: arrived, expires_at_ms: LIFE_MS };
        let moved = people.store.advance_upload(of.account, file, part).await.expect("an answer");
        assert_eq!(moved.map(|upload| upload.arrived), Some(arrived));
    }
    file
}

async fn finished(people: &People, of: Member) -> BlobId {
    upload(people, of, 100, 100).await
}

fn bringing(people: &People, group: ConversationId, author: Member, files: &[BlobId], until_ms: u64) -> Append {
    Append { files: files.to_vec(), files_end_at_ms: until_ms, ..people.message(group, author, 1) }
}

async fn brings(people: &People, group: ConversationId, author: Member, file: BlobId, until_ms: u64) -> u64 {
    stored(people.store.append(bringing(people, group, author, &[file], until_ms)).await).seq
}

async fn reads(people: &People, reader: Member, file: BlobId) -> bool {
    people.store.readable_file(reader.account, file).await.expect("an answer").is_some()
}

async fn used(people: &People, of: Member) -> u64 {
    people.store.file_usage(of.account, COUNTED).await.expect("an answer")
}

async fn lets_go(people: &People, of: Member, file: BlobId, message: Option<(ConversationId, u64)>) -> bool {
    people.store.let_go_of_file(of.account, file, message, 50).await.expect("an answer")
}

async fn marked(people: &People) -> Vec<BlobId> {
    people.store.files_to_remove(u64::MAX, 100).await.expect("an answer")
}

/// Of two that write at one place, one moves it; and nobody else's account does.
pub async fn an_upload_goes_on_from_where_it_is_and_nowhere_else(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let file = upload(&people, anna, 100, 0).await;
    let begun = Upload { length: 100, arrived: 0, parts: 0, expires_at_ms: LIFE_MS };
    assert_eq!(store.upload(anna.account, file).await.expect("read"), Some(begun));
    assert_eq!(store.upload(berta.account, file).await.expect("read"), None);
    let part = |from, to, expires_at_ms| Arrived { from, to, expires_at_ms };
    let move_on = |of: Member, part| store.advance_upload(of.account, file, part);
    let moved = move_on(anna, part(0, 40, 2000)).await.expect("an answer");
    let expected = Upload { length: 100, arrived: 40, parts: 1, expires_at_ms: 2000 };
    assert_eq!(moved, Some(expected));
    assert_eq!(move_on(anna, part(0, 60, 3000)).await.expect("an answer"), Some(expected));
    assert_eq!(move_on(anna, part(50, 60, 3000)).await.expect("an answer"), Some(expected));
    assert_eq!(move_on(berta, part(40, 60, 3000)).await.expect("an answer"), None);
    // An earlier end takes nothing away.
    let moved = move_on(anna, part(40, 100, 500)).await.expect("an answer");
    assert_eq!(moved, Some(Upload { length: 100, arrived: 100, parts: 2, expires_at_ms: 2000 }));
}

/// Also where many are begun at the same moment. A file counts for its whole length from the beginning.
pub async fn uploads_and_what_they_take_are_bounded_for_each_account(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let begin = |of: Member, length| NewFile { quota: 300, most_unfinished: 3, ..new_file(&people, of, length) };
    let begins = (0..6).map(|_| {
        let (store, new) = (store.clone(), begin(anna, 20));
        tokio::spawn(async move { store.create_file(new).await.expect("an answer") })
    });
    let mut made = Vec::new();
    for begin in begins.collect::<Vec<_>>() {
        made.push(begin.await.expect("a task"));
    }
    made.sort_by_key(|creation| *creation != FileCreation::Created);
    let (created, refused) = made.split_at(3);
    assert!(created.iter().all(|creation| *creation == FileCreation::Created), "{made:?}");
    assert!(refused.iter().all(|creation| *creation == FileCreation::TooManyUnfinished), "{made:?}");
    assert_eq!((used(&people, anna).await, used(&people, berta).await), (60, 0));
    let begins = (0..3).map(|_| {
        let (store, new) = (store.clone(), begin(berta, 160));
        tokio::spawn(async move { store.create_file(new).await.expect("an answer") })
    });
    let mut made = Vec::new();
    for begin in begins.collect::<Vec<_>>() {
        made.push(begin.await.expect("a task"));
    }
    let full = FileCreation::QuotaExceeded { used: 160 };
    assert_eq!(made.iter().filter(|creation| **creation == FileCreation::Created).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|creation| **creation == full).count(), 2, "{made:?}");
    // A small one counts for more than it is.
    assert_eq!(store.create_file(begin(berta, 0)).await.expect("an answer"), FileCreation::Created);
    assert_eq!(used(&people, berta).await, 160 + COUNTED);
    let exactly = begin(berta, 140 - COUNTED);
    assert_eq!(store.create_file(exactly).await.expect("an answer"), FileCreation::Created);
    let nobody = begin(people.stranger(), 1);
    assert_eq!(store.create_file(nobody).await.expect("an answer"), FileCreation::NoAccount);
}

/// As long as they do.
pub async fn a_file_is_read_by_its_uploader_and_by_who_takes_part_where_a_message_brings_it(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let unfinished = upload(&people, anna, 100, 99).await;
    assert!(!reads(&people, anna, unfinished).await);
    let file = finished(&people, anna).await;
    assert!(reads(&people, anna, file).await && !reads(&people, berta, file).await);
    brings(&people, group, anna, file, 5000).await;
    assert_eq!(store.readable_file(berta.account, file).await.expect("an answer"), Some(100));
    assert!(reads(&people, anna, file).await && !reads(&people, carla, file).await);
    assert_eq!(store.upload(berta.account, file).await.expect("an answer"), None, "it is not her upload");
    let second = people.second_device(berta).await;
    assert!(reads(&people, second, file).await);
    stored(store.append(people.leave(group, &[berta], 1)).await);
    assert!(!reads(&people, berta, file).await);
    let nothing = upload(&people, anna, 0, 0).await;
    assert_eq!(store.readable_file(anna.account, nothing).await.expect("an answer"), Some(0));
}

/// The refusal names the first that it can't, and says of others' files no more than of none.
pub async fn a_message_brings_finished_files_that_are_its_authors_to_pass_on(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let (group, other) = (people.group(&[anna, berta]).await, people.group(&[berta, carla]).await);
    let (file, unfinished) = (finished(&people, anna).await, upload(&people, anna, 100, 99).await);
    let none = BlobId::from_bytes(people.id());
    let tries = async |author, group, files: &[BlobId]| {
        store.append(bringing(&people, group, author, files, 5000)).await.expect("an answer")
    };
    assert_eq!(tries(anna, group, &[file, none]).await, Appended::FileUnknown(none));
    assert_eq!(tries(anna, group, &[file, unfinished]).await, Appended::FileUnfinished(unfinished));
    assert_eq!(tries(berta, group, &[file]).await, Appended::FileUnknown(file));
    assert_eq!(tries(berta, group, &[unfinished]).await, Appended::FileUnknown(unfinished));
    assert!(!reads(&people, berta, file).await);
    // Other refusals come first.
    assert_eq!(tries(carla, group, &[none]).await, Appended::NotAMember);
    let stale = Append { follows: 0, ..bringing(&people, group, anna, &[none], 5000) };
    assert_eq!(store.append(stale).await.expect("an answer"), Appended::Behind { commit_counter: 1 });
    let used = Append { submission: 0, ..bringing(&people, group, anna, &[none], 5000) };
    assert!(matches!(store.append(used).await.expect("an answer"), Appended::SubmissionBehind { .. }));
    // What a conversation has is passed on by who takes part in it.
    brings(&people, group, anna, file, 5000).await;
    assert_eq!(tries(carla, other, &[file]).await, Appended::FileUnknown(file));
    brings(&people, other, berta, file, 5000).await;
    assert!(reads(&people, carla, file).await);
    brings(&people, other, carla, file, 5000).await;
    assert_eq!(people.reads(group, anna, 1).await, [2]);
}

/// And the counter of what is refused may be used again.
pub async fn a_refused_message_and_a_repeated_one_reference_nothing(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let (file, none) = (finished(&people, anna).await, BlobId::from_bytes(people.id()));
    let mut message = bringing(&people, group, anna, &[file, none], 5000);
    assert_eq!(store.append(message.clone()).await.expect("an answer"), Appended::FileUnknown(none));
    assert!(!reads(&people, berta, file).await);
    message.files = vec![file];
    let entry = stored(store.append(message.clone()).await);
    assert_eq!((entry.seq, entry.mac.is_some()), (2, true));
    let page = store.log_page(berta, group, 1, 10, 1 << 20).await.expect("a page");
    assert_eq!(page.entries, [entry]);
    assert!(lets_go(&people, anna, file, Some((group, 2))).await);
    assert_eq!(marked(&people).await, [file]);
    let again = store.append(message).await.expect("an answer");
    assert!(matches!(again, Appended::Repeat { seq: 2, .. }), "{again:?}");
    assert!(!reads(&people, berta, file).await);
}

/// However often; the uploader's share ends with its own messages.
pub async fn who_forwards_a_file_keeps_it_and_it_counts_for_whose_messages_bring_it(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let (group, other) = (people.group(&[anna, berta]).await, people.group(&[berta, carla]).await);
    let file = finished(&people, anna).await;
    assert_eq!((used(&people, anna).await, used(&people, berta).await), (100, 0));
    brings(&people, group, anna, file, 5000).await;
    brings(&people, group, anna, file, 6000).await;
    assert_eq!(used(&people, anna).await, 100);
    brings(&people, other, berta, file, 9000).await;
    assert_eq!((used(&people, anna).await, used(&people, berta).await, used(&people, carla).await), (100, 100, 0));
    assert_eq!(store.end_files(6000, 100).await.expect("ended"), 2);
    assert_eq!((used(&people, anna).await, used(&people, berta).await), (0, 100));
    assert!(reads(&people, carla, file).await && reads(&people, anna, file).await);
    assert_eq!(store.end_files(9000, 100).await.expect("ended"), 1);
    assert_eq!(used(&people, berta).await, 0);
    assert!(!reads(&people, carla, file).await && !reads(&people, anna, file).await);
}

/// Not before its time; and a step that comes twice does no harm.
pub async fn what_no_message_brings_any_more_is_marked_and_then_forgotten(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let (kept, unfinished, unsaid) =
        (finished(&people, anna).await, upload(&people, anna, 100, 7).await, finished(&people, anna).await);
    let never_begun = upload(&people, anna, 100, 0).await;
    brings(&people, group, anna, kept, 5000).await;
    assert_eq!(store.end_files(LIFE_MS - 1, 100).await.expect("ended"), 0);
    assert_eq!(store.end_files(LIFE_MS, 100).await.expect("ended"), 3);
    let mut gone = marked(&people).await;
    gone.sort_unstable();
    let mut expected = vec![unfinished, unsaid, never_begun];
    expected.sort_unstable();
    assert_eq!(gone, expected);
    assert!(store.files_to_remove(LIFE_MS - 1, 100).await.expect("an answer").is_empty());
    assert_eq!(store.files_to_remove(LIFE_MS, 2).await.expect("an answer").len(), 2);
    // What is not marked is not forgotten.
    store.forget_files(vec![unsaid, kept]).await.expect("forgotten");
    assert_eq!(marked(&people).await.len(), 2);
    assert!(reads(&people, berta, kept).await);
    store.forget_files(gone).await.expect("forgotten");
    assert!(marked(&people).await.is_empty());
    assert_eq!(used(&people, anna).await, 100);
    // The last reference takes the file with it, and is gone with it.
    store.end_files(5000, 100).await.expect("ended");
    assert_eq!(marked(&people).await, [kept]);
    store.forget_files(vec![kept]).await.expect("forgotten");
    assert!(marked(&people).await.is_empty());
}

/// Nobody lets go of another account's.
pub async fn one_message_lets_go_of_a_file_and_the_others_keep_it(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta, carla) = (people.account().await, people.account().await, people.account().await);
    let (group, other) = (people.group(&[anna, berta]).await, people.group(&[berta, carla]).await);
    let file = finished(&people, anna).await;
    let (first, second) =
        (brings(&people, group, anna, file, 9000).await, brings(&people, group, anna, file, 5000).await);
    let forwarded = brings(&people, other, berta, file, 7000).await;
    assert!(!lets_go(&people, berta, file, Some((group, first))).await);
    assert!(!lets_go(&people, carla, file, None).await);
    assert!(!lets_go(&people, anna, file, Some((other, forwarded))).await);
    assert!(lets_go(&people, anna, file, Some((group, first))).await);
    assert!(!lets_go(&people, anna, file, Some((group, first))).await);
    assert!(reads(&people, berta, file).await);
    // What it kept the file for is over as well.
    assert!(lets_go(&people, anna, file, Some((group, second))).await);
    assert_eq!(used(&people, anna).await, 0);
    assert!(marked(&people).await.is_empty());
    assert!(reads(&people, carla, file).await);
    assert!(lets_go(&people, berta, file, None).await);
    assert_eq!(marked(&people).await, [file]);
    // An upload is let go of without any message.
    let unsaid = upload(&people, anna, 100, 5).await;
    assert!(!lets_go(&people, anna, unsaid, Some((group, first))).await);
    assert!(lets_go(&people, anna, unsaid, None).await);
    assert!(!lets_go(&people, anna, unsaid, None).await, "it is gone");
    // The end of a reference that lasted longest is the end of the file.
    let file = finished(&people, anna).await;
    let (long, _short) =
        (brings(&people, group, anna, file, 9000).await, brings(&people, group, anna, file, 3000).await);
    assert!(lets_go(&people, anna, file, Some((group, long))).await);
    store.end_files(3000, 100).await.expect("ended");
    assert!(marked(&people).await.contains(&file));
}

/// Its bytes are about to go.
pub async fn a_file_that_is_being_removed_is_nobodys(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let (file, unfinished) = (finished(&people, anna).await, upload(&people, anna, 100, 50).await);
    assert!(lets_go(&people, anna, file, None).await && lets_go(&people, anna, unfinished, None).await);
    assert!(!reads(&people, anna, file).await);
    assert_eq!(store.upload(anna.account, unfinished).await.expect("an answer"), None);
    let more = Arrived { from: 50, to: 60, expires_at_ms: 9000 };
    assert_eq!(store.advance_upload(anna.account, unfinished, more).await.expect("an answer"), None);
    let brings = bringing(&people, group, anna, &[file], 9000);
    assert_eq!(store.append(brings).await.expect("an answer"), Appended::FileUnknown(file));
    assert_eq!(store.end_files(u64::MAX, 100).await.expect("ended"), 0, "nothing is marked twice");
    // When it was let go of is when it was marked.
    assert!(store.files_to_remove(49, 10).await.expect("an answer").is_empty());
    assert_eq!(store.files_to_remove(50, 10).await.expect("an answer").len(), 2);
}

/// By its uploader, whoever let go of it last, and in the sum over all accounts; as far as it can be there.
pub async fn a_file_counts_until_it_is_forgotten(store: SharedStore) {
    let people = People::new(store.clone());
    let (anna, berta) = (people.account().await, people.account().await);
    let group = people.group(&[anna, berta]).await;
    let total = async || store.files_total(COUNTED).await.expect("an answer");
    assert_eq!(total().await, 0);
    let (kept, passed_on) = (finished(&people, anna).await, finished(&people, anna).await);
    brings(&people, group, anna, kept, 5000).await;
    brings(&people, group, anna, passed_on, 5000).await;
    brings(&people, group, berta, passed_on, 9000).await;
    assert_eq!((used(&people, anna).await, used(&people, berta).await, total().await), (200, 100, 200));
    assert!(lets_go(&people, anna, kept, None).await && lets_go(&people, anna, passed_on, None).await);
    // Berta's message keeps one of them, and so it is hers; of the other the bytes are still there.
    assert_eq!((used(&people, anna).await, used(&people, berta).await, total().await), (100, 100, 200));
    let room_for_one = NewFile { quota: 199, ..new_file(&people, anna, 100) };
    let full = FileCreation::QuotaExceeded { used: 100 };
    assert_eq!(store.create_file(room_for_one).await.expect("an answer"), full);
    store.forget_files(vec![kept]).await.expect("forgotten");
    assert_eq!((used(&people, anna).await, total().await), (0, 100));
    assert!(lets_go(&people, berta, passed_on, None).await);
    assert_eq!((used(&people, anna).await, used(&people, berta).await, total().await), (100, 0, 100));
    store.forget_files(vec![passed_on]).await.expect("forgotten");
    // Of an upload that was hardly begun no more is there than arrived, and one part.
    let part = limits::FILE_REQUEST as u64;
    let large = upload(&people, anna, 100 * part, 7).await;
    assert_eq!((used(&people, anna).await, total().await), (100 * part, 100 * part));
    assert!(lets_go(&people, anna, large, None).await);
    assert_eq!((used(&people, anna).await, total().await), (part + 7, part + 7));
}

/// They stand behind all that was marked until then; and what is not marked stays so.
pub async fn what_could_not_be_removed_stands_before_nobody(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let (stuck, other, live) =
        (finished(&people, anna).await, finished(&people, anna).await, finished(&people, anna).await);
    for file in [stuck, other] {
        assert!(lets_go(&people, anna, file, None).await);
    }
    store.put_off_removal(vec![stuck, live], 70).await.expect("put off");
    assert_eq!(store.files_to_remove(60, 10).await.expect("an answer"), [other]);
    assert_eq!(store.files_to_remove(70, 1).await.expect("an answer"), [other]);
    assert_eq!(store.files_to_remove(70, 10).await.expect("an answer"), [other, stuck]);
    assert!(reads(&people, anna, live).await);
}

/// Never both: a message whose file is gone, or a file that is marked although a message brings it.
pub async fn of_a_message_and_the_end_of_its_file_at_once_one_comes_first(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    for _ in 0..12 {
        let file = finished(&people, anna).await;
        let message = bringing(&people, group, anna, &[file], 90_000);
        let ends = tokio::spawn({
            let store = store.clone();
            async move { store.end_files(LIFE_MS, 100).await }
        });
        let appended = store.append(message).await.expect("an answer");
        ends.await.expect("a task").expect("ended");
        let is_marked = marked(&people).await.contains(&file);
        match appended {
            Appended::Stored(_) => assert!(!is_marked && reads(&people, anna, file).await),
            Appended::FileUnknown(_) => assert!(is_marked),
            other => panic!("{other:?}"),
        }
    }
}

/// One sweep never holds everybody up.
pub async fn the_end_of_files_keeps_to_its_bound(store: SharedStore) {
    let people = People::new(store.clone());
    let anna = people.account().await;
    let group = people.group(&[anna]).await;
    for _ in 0..5 {
        let file = finished(&people, anna).await;
        brings(&people, group, anna, file, 2000).await;
    }
    let mut ended = Vec::new();
    for _ in 0..4 {
        ended.push(store.end_files(2000, 2).await.expect("ended"));
    }
    assert_eq!(ended, [2, 2, 1, 0]);
    assert_eq!(marked(&people).await.len(), 5);
}
