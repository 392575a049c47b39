//! Ctrl-C, where a command's work is done already.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::harness::House;
use crate::stories::acquainted;

/// Reads a line, but its end, unless it begins with these bytes: then no more than them. Says whether it does.
fn begins(from: &mut impl Read, with: &[u8]) -> bool {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line != with {
        from.read_exact(&mut byte).unwrap();
        if byte == *b"\n" {
            return false;
        }
        line.extend(byte);
    }
    true
}

#[test]
fn what_is_delivered_stays_so_for_who_presses_ctrl_c_while_the_command_closes() {
    let house = House::open();
    let (a, b) = acquainted(&house);
    // In JSON each byte of it is six: the answer with it has no room in any socket.
    let line = a.pipes(&[1; 60_000], &["send", "@member-b", "--json"]).objects().remove(0);
    let question = format!(
        r#"{{"number":1,"command":{{"messages":{{"conversation":{},"before":null,"most":10}}}}}}"#,
        line["conversation"]
    );
    house.freezes();
    let mut process = a.starts(&["send", "@member-b", "the last word"]);
    // Somebody asks, and does not read the answer to its end: that is waited for at the closing.
    let mut guest = loop {
        assert!(process.is_running(), "it waits for the server");
        match UnixStream::connect(a.profile.join("socket")) {
            Ok(guest) => break guest,
            Err(_) => std::thread::yield_now(),
        }
    };
    writeln!(guest, "{question}").unwrap();
    while !begins(&mut guest, br#"{"reply""#) {}
    house.thaws();
    let id = process.line();
    process.interrupt();
    process.notes("Ctrl-C once more ends it at once");
    process.interrupt();
    let ended = process.end();
    assert_eq!(ended.code, Some(0), "its work was done: {ended:?}");
    drop(guest);
    assert_eq!(b.hears(2)[1]["id"], id);
}
