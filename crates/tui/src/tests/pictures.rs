//! Small pictures in the timeline.

use std::io::Cursor;

use crossterm::event::KeyCode;
use huis_views::{Command, Event, MessageView, ThumbnailView};
use image::{ImageFormat, Rgb, RgbImage};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::files::{with_files, world_with};
use super::world::{CLUB, World, id};
use crate::{Depth, Pictures};

/// A picture of these measures: red above, blue below.
fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture =
        RgbImage::from_fn(width, height, |_, y| Rgb(if y < height / 2 { [230, 20, 20] } else { [20, 20, 230] }));
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    file.into_inner()
}

/// A message that brings a picture, of which these are the small one and the measures of the large one.
fn with_picture(position: u64, small: Vec<u8>, (width, height): (u32, u32)) -> MessageView {
    let mut message = with_files(position, 'b', &[("roses.jpg", 2_000_000)]);
    message.files[0].thumbnail = Some(ThumbnailView { picture: small.into(), width, height });
    message
}

fn painted(world: &mut World) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, world.app.size.0, world.app.size.1));
    world.app.paint(&mut buffer);
    buffer
}

/// The cells in which two pixels stand above each other.
fn halves(buffer: &Buffer) -> Vec<(Color, Color)> {
    buffer.content.iter().filter(|cell| cell.symbol() == "▀").map(|cell| (cell.fg, cell.bg)).collect()
}

fn is_near(colour: Color, (r, g, b): (u8, u8, u8)) -> bool {
    matches!(colour, Color::Rgb(red, green, blue)
        if red.abs_diff(r) < 30 && green.abs_diff(g) < 30 && blue.abs_diff(b) < 30)
}

#[test]
fn a_picture_stands_below_its_name_in_its_own_colours() {
    let mut world = world_with(vec![with_picture(200, jpeg(400, 300), (4000, 3000))]);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("picture", world.screen());
    });
    let cells = halves(&painted(&mut world));
    let first = cells[0];
    let last = cells[cells.len() - 1];
    for (colour, wanted) in
        [(first.0, (230, 20, 20)), (first.1, (230, 20, 20)), (last.0, (20, 20, 230)), (last.1, (20, 20, 230))]
    {
        assert!(is_near(colour, wanted), "{first:?} {last:?}");
    }
    // It keeps them where its message is selected, and is not decoded again.
    world.press(KeyCode::Up);
    assert_eq!(halves(&painted(&mut world)), cells);
    assert_eq!(world.decoded.len(), 1);
    // With its message it goes.
    world.messages.pop();
    world.event(Event::Messages { conversation: CLUB, messages: vec![id(200)] });
    assert_eq!(halves(&painted(&mut world)), []);
}

#[test]
fn only_what_is_on_the_screen_is_decoded() {
    let pictures = (0..60).map(|at| with_picture(200 + at, jpeg(40, 30), (4000, 3000))).collect();
    let mut world = world_with(pictures);
    assert!((1..5).contains(&world.decoded.len()), "{:?}", world.decoded);
    assert!(world.decoded.iter().any(|picture| picture.message == id(259)), "{:?}", world.decoded);
    // What is beside a picture stays beside it, however far one goes back.
    for _ in 0..60 {
        world.press(KeyCode::Up);
    }
    assert_eq!(world.decoded.len(), 60);
    assert!(!halves(&painted(&mut world)).is_empty());
}

#[test]
fn where_there_are_no_colours_or_it_is_not_wished_there_is_its_name_alone() {
    for (pictures, depth, drawn) in [
        (Pictures::Auto, Depth::True, true),
        (Pictures::Off, Depth::True, false),
        (Pictures::Auto, Depth::Sixteen, false),
        (Pictures::Blocks, Depth::Sixteen, true),
        (Pictures::Blocks, Depth::None, false),
    ] {
        let mut world = World::lively(huis_texts::Language::English, (80, 24));
        (world.app.settings.pictures, world.app.settings.theme.depth) = (pictures, depth);
        world.messages.push(with_picture(200, jpeg(40, 30), (40, 30)));
        let screen = world.open().screen();
        assert!(screen.contains("roses.jpg"), "{screen}");
        assert_eq!(screen.contains('▀'), drawn, "{pictures:?} {depth:?} {screen}");
        assert_eq!(world.decoded.is_empty(), !drawn);
    }
}

#[test]
fn what_an_enemy_sends_as_a_picture_takes_no_more_room_and_is_said() {
    let mut huge = jpeg(16, 16);
    let frame = huge.windows(2).position(|bytes| bytes == [0xff, 0xc0]).unwrap();
    huge[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    for small in [b"\xff\xd8\xff".to_vec(), huge, b"\x89PNG\r\n\x1a\n\x1b[2J".to_vec()] {
        for measures in [(1, 65_535), (65_535, 1), (u32::MAX, u32::MAX)] {
            for size in [(40, 12), (120, 30)] {
                let mut world = World::lively(huis_texts::Language::English, size);
                world.messages.push(with_picture(200, small.clone(), measures));
                let screen = world.open().screen();
                assert!(screen.contains("picture can't"), "{screen}");
                assert!(!screen.contains('▀'), "{screen}");
            }
        }
    }
}

#[test]
fn v_shows_the_pictures_of_a_message_large_until_they_go() {
    let mut message = with_picture(200, jpeg(400, 300), (4000, 3000));
    let mut second = message.files[0].clone();
    (second.number, second.name) = (2, "tulips.jpg".into());
    message.files.push(second);
    let mut world = world_with(vec![message]);
    world.press(KeyCode::Up);
    let among = halves(&painted(&mut world)).len();
    world.press(KeyCode::Char('v'));
    let screen = world.screen();
    assert!(screen.contains("roses.jpg 1/2"), "{screen}");
    assert!(halves(&painted(&mut world)).len() > among, "{screen}");
    let large = world.decoded.last().unwrap();
    assert!(large.columns > 40 && large.rows > 12, "{large:?}");
    world.press(KeyCode::Right).press(KeyCode::Right);
    assert!(world.screen().contains("tulips.jpg 2/2"), "{}", world.screen());
    world.take_asked();
    let asked = world.press(KeyCode::Char('s')).take_asked();
    assert!(asked.iter().any(|command| matches!(command, Command::FetchFile(fetch) if fetch.number == 2)), "{asked:?}");
    // It goes with its message, though one looks at it.
    world.messages.pop();
    world.event(Event::Messages { conversation: CLUB, messages: vec![id(200)] });
    let screen = world.screen();
    assert!(!screen.contains("2/2") && !screen.contains('▀'), "{screen}");
    // Where there is none, that is said.
    world.press(KeyCode::Up).press(KeyCode::Char('v'));
    assert!(world.screen().contains("no picture that can be drawn"), "{}", world.screen());
}
