use std::collections::BTreeMap;

use huis_proto::ConversationId;
use huis_proto::rest::Secret;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{Command, Target, ToWorker};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Kinds {
    text: String,
    numbers: (u64, i32, u8),
    flags: Vec<bool>,
    names: BTreeMap<String, Option<Choices>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left_out: Option<u32>,
    nothing: Option<String>,
    wrapped: Wrapped,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(Vec<char>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Choices {
    Alone,
    Of(Box<Choices>),
    Two(u8, String),
    Named { first: u64, second: Vec<Choices> },
}

fn kinds() -> Kinds {
    let choices = Choices::Named {
        first: u64::MAX,
        second: vec![Choices::Alone, Choices::Of(Box::new(Choices::Alone)), Choices::Two(7, "x".into())],
    };
    Kinds {
        text: "\"\\/\u{8}\u{c}\n\r\t\u{1}é€🎉 end".into(),
        numbers: (0, -5, 255),
        flags: vec![true, false],
        names: [("none".to_owned(), None), ("some {\"[,:".to_owned(), Some(choices))].into(),
        left_out: None,
        nothing: None,
        wrapped: Wrapped(vec!['a', '"', '\u{1f389}']),
    }
}

fn written() -> String {
    serde_json::to_string(&kinds()).unwrap()
}

/// What comes out is what went in.
fn comes_back<T: Serialize + DeserializeOwned>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let read = read::<T>(&text).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

#[test]
fn what_is_written_comes_back() {
    assert_eq!(read::<Kinds>(&written()).unwrap(), kinds());
}

#[test]
fn what_a_page_asks_comes_back() {
    comes_back(&ToWorker::TakeOver);
    comes_back(&ToWorker::Unlock { password: Secret::new("\"\\é") });
    let command = |command| ToWorker::Ask { number: u32::MAX, command: Box::new(command) };
    comes_back(&command(Command::WhoAmI));
    comes_back(&command(Command::Members { target: Target::Id(ConversationId::from_bytes([7; 16])) }));
}

#[test]
fn a_field_that_is_not_known_is_passed_over_whatever_it_holds() {
    for unknown in
        ["1", "-2.5e3", "null", "true", "\"}]\\\"\"", "[]", "{}", "[[],{\"a\":[1,{}]},\"b\"]", "{\"a\":{\"b\":false}}"]
    {
        let text = written().replacen('{', &format!("{{\"unknown\":{unknown},"), 1);
        assert_eq!(read::<Kinds>(&text), Ok(kinds()), "{text}");
    }
}

#[test]
fn a_character_in_two_halves_is_one() {
    assert_eq!(read::<String>(r#""\ud83c\udf89\u00e9""#).unwrap(), "🎉é");
    for broken in [r#""\ud83c""#, r#""\ud83cx""#, r#""\ud83c\u0041""#, r#""\udf89""#, r#""\u12""#, r#""\x""#] {
        assert_eq!(read::<String>(broken), Err(Unreadable), "{broken}");
    }
}

#[test]
fn half_a_text_and_more_than_one_value_are_refused() {
    let text = written();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert_eq!(read::<Kinds>(&text[..end]), Err(Unreadable), "{}", &text[..end]);
    }
    assert_eq!(read::<Kinds>(&format!("{text}1")), Err(Unreadable));
    for (number, least) in [("300", "u8"), ("-1", "u64"), ("1.5", "u64"), ("", "nothing"), ("1e3", "u64")] {
        assert!(read::<u8>(number).is_err(), "{least}");
    }
    assert!(read::<Choices>(r#"{"alone":null}"#).is_err() && read::<Choices>(r#""of""#).is_err());
}
