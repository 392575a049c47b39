//! Many messages.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyModifiers};
use huis_texts::Language;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::world::{CLUB, MINUTE, NOW, World, message};
use crate::timeline::WINDOW;

fn world(count: u64) -> World {
    let mut world = World::lively(Language::English, (160, 50));
    world.messages = (1..=count)
        .map(|position| {
            let author = ['b', 'c', 'a'][(position % 3) as usize];
            let text = format!("message {position} {}", "and some more words ".repeat((position % 7) as usize));
            message(position, CLUB, author, NOW - (count - position) * MINUTE / 3, &text)
        })
        .collect();
    world
}

#[test]
fn of_a_long_conversation_a_bounded_part_is_held_wherever_one_looks() {
    let mut world = world(5_000);
    world.open();
    let held = |world: &World| world.app.timeline.as_ref().map_or(0, |timeline| timeline.len());
    let oldest =
        |world: &World| world.app.timeline.as_ref().and_then(|timeline| timeline.oldest()).map_or(0, |m| m.position);
    assert!(world.screen().contains("message 5000"));
    let mut pages = 0;
    while oldest(&world) > 1 {
        world.press(KeyCode::PageUp);
        assert!(held(&world) <= WINDOW);
        pages += 1;
        assert!(pages < 2_000, "the beginning is never reached");
    }
    // The first time tells that there is nothing more before.
    world.chord(KeyCode::Home, KeyModifiers::CONTROL).chord(KeyCode::Home, KeyModifiers::CONTROL);
    assert!(world.screen().contains("This is the beginning of #club."));
    // Down again, over the pages that were let go, every message comes by in order.
    let mut last = 0;
    for _ in 0..2_000 {
        let screen = world.screen();
        let shown: Vec<u64> = screen
            .lines()
            .filter_map(|line| line.split_once("  message ")?.1.split(' ').next()?.parse().ok())
            .collect();
        assert!(shown.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{shown:?}");
        let first = *shown.first().unwrap();
        assert!(first <= last + 1, "from {last} to {first}");
        last = *shown.last().unwrap();
        if last == 5_000 {
            break;
        }
        world.press(KeyCode::PageDown);
        assert!(held(&world) <= WINDOW);
    }
    assert_eq!(last, 5_000);
    assert!(world.app.timeline.as_ref().is_some_and(|timeline| timeline.is_at_newest()));
}

#[test]
fn nothing_is_painted_where_nothing_changed() {
    let mut world = world(300);
    world.open();
    let mut first = Buffer::empty(Rect::new(0, 0, 160, 50));
    world.app.paint(&mut first);
    world.app.take_changed();
    world.pass(1_000);
    assert!(!world.app.take_changed());
    let mut second = Buffer::empty(first.area);
    world.app.paint(&mut second);
    assert_eq!(first.diff(&second), []);
}

/// The budget is 2 ms on a quiet machine. Ten times as much on any machine is a timeline that is laid out whole.
#[test]
fn a_frame_of_a_long_conversation_is_painted_in_time() {
    let mut world = world(100_000);
    world.open();
    let mut taken = Vec::new();
    for _ in 0..200 {
        world.press(KeyCode::PageUp);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 160, 50));
        let begun = Instant::now();
        world.app.paint(&mut buffer);
        taken.push(begun.elapsed());
    }
    taken.sort();
    let median = taken[taken.len() / 2];
    let budget = Duration::from_millis(2);
    assert!(median < 10 * budget, "{median:?}");
}
