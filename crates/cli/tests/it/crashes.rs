//! `kill -9` under load.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::harness::{House, Person};

fn long() -> bool {
    std::env::var_os("HUIS_LONG").is_some()
}

/// Numbers each sender's messages, and gives them when it is told to stop: every one of them was acknowledged.
pub(crate) fn sends_until(person: &Person, stop: &AtomicBool) -> Vec<String> {
    let mut said = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let text = format!("{} {}", person.name, said.len());
        person.says("@reader", &text);
        said.push(text);
    }
    said
}

/// The texts of one sender, in the order of their arrival.
pub(crate) fn of<'a>(heard: &'a [Value], name: &str) -> Vec<&'a str> {
    heard.iter().filter(|message| message["from"] == name).map(|message| message["text"].as_str().unwrap()).collect()
}

#[test]
fn a_server_killed_under_load_loses_nothing_and_repeats_nothing() {
    let kills = if long() { 100 } else { 3 };
    let mut house = House::open();
    let reader = house.person("reader");
    let senders: Vec<Person> = ["sender-a", "sender-b", "sender-c"].map(|name| house.person(name)).into();
    for sender in &senders {
        sender.says("@reader", "first");
    }
    reader.hears(senders.len());
    let mut follower = reader.starts(&["receive", "--follow", "--json"]);
    let stop = AtomicBool::new(false);
    let (heard, said) = std::thread::scope(|scope| {
        let sending: Vec<_> = senders.iter().map(|sender| scope.spawn(|| sends_until(sender, &stop))).collect();
        let mut heard = Vec::new();
        for _ in 0..kills {
            // The server is killed once it has delivered something in this life of it, in the middle of the next.
            heard.extend(follower.objects_so_far());
            heard.push(follower.object());
            house.kill();
            house.start(&[]);
        }
        stop.store(true, Ordering::Relaxed);
        let said: Vec<Vec<String>> = sending.into_iter().map(|sending| sending.join().unwrap()).collect();
        let all: usize = said.iter().map(Vec::len).sum();
        while heard.len() < all {
            heard.push(follower.object());
        }
        (heard, said)
    });
    for (sender, said) in senders.iter().zip(&said) {
        assert_eq!(of(&heard, &sender.name), *said);
    }
    follower.interrupt();
    assert_eq!(follower.end().objects(), Vec::<Value>::new());
    reader.hears_nothing_more();
    if long() {
        println!("HUIS_FIGURE {{\"name\":\"server kills survived\",\"value\":{kills}}}");
    }
}

#[test]
fn a_receiver_killed_under_load_loses_nothing() {
    let kills = if long() { 30 } else { 3 };
    let house = House::open();
    let reader = house.person("reader");
    let sender = house.person("sender-a");
    let stop = AtomicBool::new(false);
    let (mut heard, said) = std::thread::scope(|scope| {
        let sending = scope.spawn(|| sends_until(&sender, &stop));
        let mut heard: Vec<Value> = Vec::new();
        for _ in 0..kills {
            let mut receiver = reader.starts(&["receive", "--follow", "--json"]);
            heard.push(receiver.object());
            receiver.kill();
            // What it had printed before it was killed.
            heard.extend(receiver.end().stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()));
        }
        stop.store(true, Ordering::Relaxed);
        (heard, sending.join().unwrap())
    });
    heard.extend(reader.does(&["receive", "--json", "--timeout", "100"]).objects());
    // Killed between the printing and the mark, a message is printed again under its id: that is the one repeat there is.
    let mut ids = BTreeSet::new();
    heard.retain(|message| ids.insert(message["id"].as_str().unwrap().to_owned()));
    assert_eq!(of(&heard, "sender-a"), said);
}

#[test]
fn a_sender_killed_at_any_moment_sends_once_or_not_at_all() {
    let kills = if long() { 30 } else { 4 };
    let house = House::open();
    let reader = house.person("reader");
    let sender = house.person("sender-a");
    sender.says("@reader", "first");
    reader.hears(1);
    for number in 0..kills {
        let mut sending = sender.starts(&["send", "@reader", &format!("number {number}")]);
        if number % 2 == 0 {
            sending.line();
        }
        sending.kill();
    }
    // Whatever was stored goes out with the next command.
    sender.says("@reader", "last");
    let mut heard = Vec::new();
    while heard.last().is_none_or(|text| text != "last") {
        heard.extend(reader.hears_texts(1));
    }
    reader.hears_nothing_more();
    let numbers: Vec<usize> = heard.iter().filter_map(|text| text.strip_prefix("number ")?.parse().ok()).collect();
    assert!(numbers.is_sorted_by(|one, other| one < other), "{heard:?}");
    assert!((0..kills).step_by(2).all(|confirmed| numbers.contains(&confirmed)), "{heard:?}");
}
