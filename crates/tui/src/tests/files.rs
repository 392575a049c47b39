//! Files in messages, and all files of a conversation.

use crossterm::event::KeyCode;
use huis_texts::Language;
use huis_views::*;

use super::world::{CLUB, NOW, World, id, message};

/// A message of `author` with these files, by name and size.
pub(super) fn with_files(position: u64, author: char, files: &[(&str, u64)]) -> MessageView {
    let file = |(number, (name, size)): (u32, &(&str, u64))| FileView {
        number,
        name: (*name).into(),
        size: *size,
        media_type: "application/octet-stream".into(),
        thumbnail: None,
        duration_ms: None,
        voice: false,
        peaks: None,
        transfer: None,
    };
    let files = (1..).zip(files).map(file).collect();
    MessageView { kind: "file".into(), files, ..message(position, CLUB, author, NOW, "") }
}

/// A world in which these messages came last, with the club open.
pub(super) fn world_with(messages: Vec<MessageView>) -> World {
    let mut world = World::lively(Language::English, (120, 30));
    world.app.saves_in("/tmp".into());
    world.messages.extend(messages);
    world.open().take_asked();
    world
}

/// A file of a message is on its way, and stands so.
fn on_its_way(world: &mut World, position: u64, state: TransferState, done: u64) {
    let view = world.messages.iter_mut().find(|view| view.position == position).unwrap();
    let file = &mut view.files[0];
    let saved_at = matches!(state, TransferState::Done).then(|| format!("/tmp/{}", file.name));
    let transfer = TransferView {
        transfer: position,
        conversation: CLUB,
        message: view.id,
        number: 1,
        outgoing: view.own,
        name: file.name.clone(),
        size: file.size,
        done,
        bytes_per_s: Some(1_000_000),
        remaining_s: Some((file.size - done).div_ceil(1_000_000)),
        state,
        saved_at,
    };
    file.transfer = Some(transfer.clone());
    world.event(Event::Transfer(Box::new(transfer)));
}

fn enters(world: &mut World, text: &str) -> Vec<Command> {
    world.type_text(text).press(KeyCode::Enter).take_asked()
}

/// What was asked to be fetched: the message, which of its files, and where it goes.
fn fetched(asked: &[Command]) -> Vec<(huis_proto::MessageId, u32, &str)> {
    let fetch = |command| match command {
        &Command::FetchFile(FetchFile { message, number, ref folder }) => Some((message, number, folder.as_str())),
        _ => None,
    };
    asked.iter().filter_map(fetch).collect()
}

#[test]
fn a_file_on_its_way_shows_in_its_message_how_far_it_is_how_fast_and_for_how_long() {
    let mut world = world_with(vec![with_files(200, 'c', &[("film.mkv", 100_000_000)])]);
    assert!(world.screen().contains("film.mkv (100 MB)"), "{}", world.screen());
    on_its_way(&mut world, 200, TransferState::Running, 61_000_000);
    let line = "film.mkv (100 MB) · ▓▓▓▓▓▓░░░░ 61 % · 1.0 MB/s · 39 s left";
    assert!(world.screen().contains(line), "{}", world.screen());
    on_its_way(&mut world, 200, TransferState::Paused, 61_000_000);
    let screen = world.screen();
    assert!(screen.contains("▓▓▓▓▓▓░░░░ 61 %, paused") && screen.contains("Space go on   x cancel"), "{screen}");
    on_its_way(&mut world, 200, TransferState::Done, 100_000_000);
    assert!(world.screen().contains("saved at /tmp/film.mkv"), "{}", world.screen());
}

#[test]
fn the_files_of_a_selected_message_are_saved_paused_gone_on_with_and_cancelled() {
    let mut world = world_with(vec![with_files(200, 'c', &[("a.txt", 1000), ("b.txt", 2000)])]);
    world.press(KeyCode::Up).press(KeyCode::Char('s'));
    assert_eq!(fetched(&world.take_asked()), [(id(200), 1, "/tmp"), (id(200), 2, "/tmp")]);
    assert!(world.screen().contains("b.txt is being saved in /tmp"), "{}", world.screen());
    let counted = |world: &mut World, key| {
        world.press(KeyCode::Char(key));
        let asked = world.take_asked();
        let is = |wished: fn(&Command) -> bool| asked.iter().filter(|command| wished(command)).count();
        [
            is(|command| matches!(command, Command::PauseTransfer { .. })),
            is(|command| matches!(command, Command::ResumeTransfer { .. })),
            is(|command| matches!(command, Command::CancelTransfer { .. })),
        ]
    };
    // What changed is read again, as the engine tells of it.
    let told = |world: &mut World| {
        world.event(Event::Messages { conversation: CLUB, messages: vec![id(200)] });
    };
    assert_eq!(counted(&mut world, ' '), [2, 0, 0]);
    told(&mut world);
    assert_eq!(counted(&mut world, ' '), [0, 2, 0]);
    told(&mut world);
    assert_eq!(counted(&mut world, 'x'), [0, 0, 2]);
    told(&mut world);
    assert_eq!(counted(&mut world, 'x'), [0, 0, 0], "nothing is left to be cancelled");
}

#[test]
fn a_file_that_failed_says_why_and_is_tried_again() {
    let mut world = world_with(vec![with_files(200, 'c', &[("film.mkv", 100_000_000)])]);
    let why = Failure::FileGone { name: "film.mkv".into() };
    on_its_way(&mut world, 200, TransferState::Failed(why), 0);
    let screen = world.screen();
    assert!(
        screen.contains("The server no longer has film.mkv") && screen.contains("t try again   x cancel"),
        "{screen}"
    );
    world.press(KeyCode::Up).press(KeyCode::Char('t'));
    assert!(world.take_asked().iter().any(|command| matches!(command, Command::ResumeTransfer { transfer: 200 })));
}

#[test]
fn all_files_are_listed_the_newest_first_and_older_ones_read_as_one_comes_near() {
    let names: Vec<String> = (0..250).map(|number| format!("number {number}.txt")).collect();
    let messages = (0..).zip(&names).map(|(at, name)| with_files(1000 + at, 'b', &[(name, 1000 + at)])).collect();
    let mut world = world_with(messages);
    let pages = |asked: Vec<Command>| -> Vec<Option<u64>> {
        let before = |command| if let Command::Files { before, .. } = command { Some(before) } else { None };
        asked.into_iter().filter_map(before).collect()
    };
    assert_eq!(pages(enters(&mut world, "/files")), [None], "no more than is near");
    let screen = world.screen();
    let at = |name: &str| screen.find(name).unwrap_or_else(|| panic!("{name}: {screen}"));
    assert!(at("1 number 249.txt") < at("2 number 248.txt") && !screen.contains("number 200.txt"), "{screen}");
    assert!(screen.contains("1.2 kB") && screen.contains("member-b · 18:06"), "{screen}");
    world.press(KeyCode::End);
    assert_eq!(pages(world.take_asked()), [Some(1150)]);
    world.press(KeyCode::End);
    assert_eq!(pages(world.take_asked()), [Some(1050)]);
    world.press(KeyCode::End);
    assert!(world.screen().contains("250 number 0.txt"), "{}", world.screen());
    assert_eq!(pages(world.take_asked()), [], "there are no older ones");
    // One that comes now stands before all, and the chosen one stays chosen.
    let fresh = with_files(2000, 'b', &[("fresh.txt", 1)]);
    world.messages.push(fresh.clone());
    world.event(Event::Messages { conversation: CLUB, messages: vec![fresh.id] });
    assert!(world.screen().contains("› 251 number 0.txt"), "{}", world.screen());
    world.press(KeyCode::Home);
    assert!(world.screen().contains("› 1 fresh.txt"), "{}", world.screen());
    // One whose message is gone is not listed any more.
    world.messages.pop();
    world.event(Event::Messages { conversation: CLUB, messages: vec![fresh.id] });
    assert!(!world.screen().contains("fresh.txt"), "{}", world.screen());
}

#[test]
fn a_page_of_files_that_does_not_come_leaves_those_that_are_there() {
    let names: Vec<String> = (0..250).map(|number| format!("number {number}.txt")).collect();
    let messages = (0..).zip(&names).map(|(at, name)| with_files(1000 + at, 'b', &[(name, 1)])).collect();
    let mut world = world_with(messages);
    enters(&mut world, "/files");
    world.refuses = Some(Failure::Busy);
    world.press(KeyCode::End);
    let why = crate::say::failure(&world.app.texts, &Failure::Busy);
    let screen = world.screen();
    assert!(screen.contains("› 100 number 150.txt") && screen.contains(&why), "{screen}");
    // It goes with the next page that comes.
    world.refuses = None;
    world.event(Event::Missed);
    world.press(KeyCode::End).press(KeyCode::End);
    let screen = world.screen();
    assert!(screen.contains("› 250 number 0.txt") && !screen.contains(&why), "{screen}");
    // Where nothing is there, it is all there is to say.
    world.press(KeyCode::Esc).take_asked();
    world.refuses = Some(Failure::Busy);
    enters(&mut world, "/files");
    let screen = world.screen();
    assert!(screen.contains(&why) && !screen.contains("number"), "{screen}");
}

#[test]
fn where_no_folder_is_known_saving_asks_for_one() {
    let mut world = World::lively(Language::English, (120, 30));
    world.messages.push(with_files(200, 'c', &[("a.txt", 1000)]));
    world.open().take_asked();
    assert_eq!(fetched(&enters(&mut world, "/save")), []);
    assert!(world.screen().contains("Name one: /save /FOLDER"), "{}", world.screen());
    assert_eq!(fetched(&enters(&mut world, "/save /")), [(id(200), 1, "/")]);
}

#[test]
fn what_came_while_nobody_was_told_leaves_no_gap_among_the_files() {
    let many = |from: u64| (from..from + 150).map(|at| with_files(at, 'b', &[(&format!("number {at}.txt"), 1)]));
    let mut world = world_with(many(1000).collect());
    enters(&mut world, "/files");
    world.messages.extend(many(2000));
    world.event(Event::Missed);
    for _ in 0..4 {
        world.press(KeyCode::End);
    }
    assert!(world.screen().contains("300 number 1000.txt"), "{}", world.screen());
}

#[test]
fn a_listed_file_is_saved_and_steered_by_keys_and_its_message_found() {
    let mut world =
        world_with(vec![with_files(200, 'c', &[("a.txt", 1000)]), with_files(201, 'a', &[("b.txt", 1000)])]);
    enters(&mut world, "/files");
    world.press(KeyCode::Down).press(KeyCode::Enter);
    assert_eq!(fetched(&world.take_asked()), [(id(200), 1, "/tmp")]);
    on_its_way(&mut world, 200, TransferState::Running, 500);
    assert!(world.screen().contains("▓▓▓▓▓░░░░░ 50 %"), "{}", world.screen());
    world.take_asked();
    let asked = world.press(KeyCode::Char(' ')).take_asked();
    assert!(asked.iter().any(|command| matches!(command, Command::PauseTransfer { transfer: 200 })), "{asked:?}");
    on_its_way(&mut world, 200, TransferState::Paused, 500);
    let asked = world.press(KeyCode::Enter).take_asked();
    assert!(asked.iter().any(|command| matches!(command, Command::ResumeTransfer { transfer: 200 })), "{asked:?}");
    let asked = world.press(KeyCode::Char('x')).take_asked();
    assert!(asked.iter().any(|command| matches!(command, Command::CancelTransfer { transfer: 200 })), "{asked:?}");
    // What one sends goes with its message, after a question.
    on_its_way(&mut world, 201, TransferState::Running, 10);
    world.take_asked();
    world.press(KeyCode::Up).press(KeyCode::Char('x'));
    assert!(world.screen().contains("Discard this message?"), "{}", world.screen());
    let asked = world.press(KeyCode::Char('y')).take_asked();
    assert!(asked.iter().any(|command| matches!(command, Command::Discard { message } if *message == id(201))));
    enters(&mut world, "/files");
    world.press(KeyCode::Down).press(KeyCode::Char('g'));
    assert_eq!(world.app.timeline.as_ref().unwrap().selected, Some(id(200)));
}

#[test]
fn save_takes_a_file_by_its_count_or_name_and_puts_it_where_it_is_told() {
    let mut messages = vec![with_files(150, 'b', &[("The Plan.pdf", 1), ("the plan.txt", 1)])];
    messages.extend((0..120).map(|at| with_files(200 + at, 'b', &[("other.txt", 1)])));
    messages.push(with_files(400, 'a', &[("my own.txt", 1)]));
    let mut world = world_with(messages);
    for (typed, found) in [
        ("/save", (id(319), 1, "/tmp")),
        ("/save 1", (id(400), 1, "/tmp")),
        ("/save 2 /", (id(319), 1, "/")),
        // Behind the page that is read first.
        ("/save 122", (id(150), 1, "/tmp")),
        ("/save 123", (id(150), 2, "/tmp")),
        ("/save the plan.txt /", (id(150), 2, "/")),
        ("/save the pl", (id(150), 1, "/tmp")),
    ] {
        assert_eq!(fetched(&enters(&mut world, typed)), [found], "{typed}");
    }
    for typed in ["/save 0", "/save 124", "/save nothing.txt"] {
        assert_eq!(fetched(&enters(&mut world, typed)), [], "{typed}");
        assert!(world.screen().contains("There is no such file here"), "{typed}: {}", world.screen());
    }
    assert_eq!(fetched(&enters(&mut world, "/save 1 /no such folder")), []);
    assert!(world.screen().contains("There is no folder /no such folder"), "{}", world.screen());
}

#[test]
fn what_was_taken_out_of_a_picture_that_is_sent_is_said_and_of_what_nothing_is() {
    // Any file that is there: how large it is here is what counts.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let length = std::fs::metadata(path).unwrap().len();
    for (media_type, size, said) in [
        ("image/jpeg", length - 1, Some("What said where, when and with what photo was taken was left out.")),
        ("image/jpeg", length, None),
        ("image/heic", length, Some("photo may say where and when it was taken: that is taken out of JPEG, PNG")),
        ("text/plain", length, None),
    ] {
        let mut sent = with_files(1, 'a', &[("photo", size)]);
        sent.files[0].media_type = media_type.into();
        for keeps in [false, true] {
            let mut world = world_with(vec![sent.clone()]);
            enters(&mut world, &format!("/file {}{path}", if keeps { "--keep-metadata " } else { "" }));
            let screen = world.screen();
            let said = said.filter(|_| !keeps);
            assert_eq!(
                screen.contains("photo was taken"),
                said.is_some_and(|said| said.contains("left out")),
                "{screen}"
            );
            assert!(said.is_none_or(|said| screen.contains(said)), "{media_type} {screen}");
            assert!(said.is_some() || !screen.contains("may say where"), "{screen}");
        }
    }
}

#[test]
fn a_name_without_end_and_with_directions_stays_in_its_place() {
    let name = format!("{}\u{202e}fdp.exe", "long ".repeat(50));
    let mut world = world_with(vec![with_files(200, 'c', &[(&name, 1)])]);
    enters(&mut world, "/files");
    let screen = world.screen();
    assert!(!screen.contains('\u{202e}') && screen.contains("long long"), "{screen}");
    assert!(screen.contains("1 B"), "its size is seen whatever its name is: {screen}");
}
