//! The part of Project Fluent's form that the texts are written in: messages with variables, and choices by a count. Its own
//! library knows much more, and was a twentieth of what a browser fetches before anything is shown; the tests hold every text
//! against it.

use crate::{Language, Value};

/// A text with its places for variables.
#[derive(Default)]
pub(crate) struct Pattern(Vec<Part>);

enum Part {
    Text(String),
    Variable(String),
    Choice(String, Vec<Variant>),
}

struct Variant {
    /// `one`, `other`, a number, or a word.
    key: String,
    is_default: bool,
    text: Pattern,
}

/// Each message of a file: its key and its text.
pub(crate) fn messages(file: &str) -> Vec<(String, Pattern)> {
    let mut bodies: Vec<(String, String)> = Vec::new();
    let mut is_inside = false;
    for line in file.lines() {
        if let Some((key, first)) = line.split_once('=').filter(|_| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            bodies.push((key.trim().to_owned(), first.trim_start().to_owned()));
            is_inside = true;
        } else if is_inside && (line.starts_with(' ') || line.is_empty()) {
            if let Some((_, body)) = bodies.last_mut() {
                body.push('\n');
                body.push_str(line);
            }
        } else {
            is_inside = false;
        }
    }
    bodies.into_iter().map(|(key, body)| (key, Reader(body.trim_end()).pattern(false))).collect()
}

impl Pattern {
    /// Puts the text with its variables behind what is there. One that is missing stands there by its name.
    pub(crate) fn fill(&self, language: Language, values: &[(&str, Value<'_>)], into: &mut String) {
        let value_of = |variable: &str| values.iter().find(|(name, _)| *name == variable).map(|(_, value)| *value);
        for part in &self.0 {
            match part {
                Part::Text(text) => into.push_str(text),
                Part::Variable(variable) => match value_of(variable) {
                    Some(Value::Text(text)) => into.push_str(text),
                    Some(Value::Number(number)) => into.push_str(&number.to_string()),
                    None => ["{$", variable, "}"].into_iter().for_each(|piece| into.push_str(piece)),
                },
                Part::Choice(variable, variants) => {
                    let value = value_of(variable);
                    let chosen =
                        variants.iter().find(|variant| value.is_some_and(|value| variant.fits(language, value)));
                    if let Some(variant) = chosen.or_else(|| variants.iter().find(|variant| variant.is_default)) {
                        variant.text.fill(language, values, into);
                    }
                }
            }
        }
    }
}

impl Variant {
    fn fits(&self, language: Language, value: Value<'_>) -> bool {
        match value {
            Value::Text(text) => self.key == text,
            Value::Number(number) => match self.key.as_str() {
                "one" => language.is_one(number),
                key => key.parse() == Ok(number),
            },
        }
    }
}

/// What is left of a message.
struct Reader<'a>(&'a str);

/// A part, or the beginning of another line.
enum Piece {
    Part(Part),
    Line { breaks: usize, indent: usize },
}

impl<'a> Reader<'a> {
    /// Up to the end, or to the next variant.
    fn pattern(&mut self, is_variant: bool) -> Pattern {
        let mut pieces = Vec::new();
        while let Some(next) = self.0.chars().next() {
            match next {
                '\n' => {
                    let blank = self.take_while(|c| c == ' ' || c == '\n');
                    if is_variant && self.0.starts_with(['[', '*', '}']) {
                        break;
                    }
                    let indent = blank.len() - blank.rfind('\n').map_or(0, |at| at + 1);
                    pieces.push(Piece::Line { breaks: blank.matches('\n').count(), indent });
                }
                '{' => {
                    self.skip('{');
                    pieces.push(Piece::Part(self.placeable()));
                }
                '}' if is_variant => break,
                '}' => self.skip('}'),
                _ => {
                    let text = self.take_while(|c| !['\n', '{', '}'].contains(&c));
                    pieces.push(Piece::Part(Part::Text(text.to_owned())));
                }
            }
        }
        joined(pieces)
    }

    /// Behind the opening brace.
    fn placeable(&mut self) -> Part {
        self.blank();
        self.skip('$');
        let variable = self.take_while(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_').to_owned();
        let variable = variable.trim_end_matches('-').to_owned();
        self.blank();
        self.skip('-');
        if !self.0.starts_with('>') {
            self.blank();
            self.skip('}');
            return Part::Variable(variable);
        }
        self.skip('>');
        let mut variants = Vec::new();
        loop {
            self.blank();
            let is_default = self.0.starts_with('*');
            self.skip('*');
            if !self.0.starts_with('[') {
                break;
            }
            self.skip('[');
            let key = self.take_while(|c| c != ']').trim().to_owned();
            self.skip(']');
            self.take_while(|c| c == ' ');
            variants.push(Variant { key, is_default, text: self.pattern(true) });
        }
        self.skip('}');
        Part::Choice(variable, variants)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn blank(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn skip(&mut self, sign: char) {
        self.0 = self.0.strip_prefix(sign).unwrap_or(self.0);
    }
}

/// The parts, with their lines as they stand to each other: what all are indented by is none of the text's.
fn joined(pieces: Vec<Piece>) -> Pattern {
    let indents = pieces.iter().filter_map(|piece| match piece {
        Piece::Line { indent, .. } => Some(*indent),
        Piece::Part(_) => None,
    });
    let common = indents.min().unwrap_or_default();
    let mut parts = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Part(part) => parts.push(part),
            Piece::Line { .. } if parts.is_empty() => {}
            Piece::Line { breaks, indent } => {
                parts.push(Part::Text("\n".repeat(breaks) + &" ".repeat(indent - common)));
            }
        }
    }
    if let Some(Part::Text(last)) = parts.last_mut() {
        last.truncate(last.trim_end().len());
    }
    Pattern(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(file: &str, values: &[(&str, Value<'_>)]) -> Vec<String> {
        let fill = |pattern: &Pattern| {
            let mut text = String::new();
            pattern.fill(Language::English, values, &mut text);
            text
        };
        messages(file).iter().map(|(key, pattern)| format!("{key}: {}", fill(pattern))).collect()
    }

    #[test]
    fn messages_have_variables_and_lines_of_their_own() {
        let file = "# Words.\none = first { $name }!\n# More.\ntwo =\n    a\n\n      b {$name}\n    c\n\nthree = 3 \n";
        let filled = filled(file, &[("name", Value::Text("{ $x }"))]);
        assert_eq!(filled, ["one: first { $x }!", "two: a\n\n  b { $x }\nc", "three: 3"]);
    }

    #[test]
    fn a_count_chooses_the_first_variant_that_fits_and_else_the_default() {
        let file =
            "n = { $n ->\n    [0] none\n    [one] one of\n      two lines\n   *[other] { $n } of { $m }\n} left\n";
        let with = |n: u64| filled(&file.replace("\n}", "\n    }"), &[("n", Value::Number(n))]).remove(0);
        assert_eq!(with(0), "n: none left");
        assert_eq!(with(1), "n: one of\ntwo lines left");
        assert_eq!(with(2), "n: 2 of {$m} left");
        assert_eq!(filled(&file.replace("\n}", "\n    }"), &[]), ["n: {$n} of {$m} left"]);
    }

    #[test]
    fn what_is_cut_off_or_beside_the_form_ends_somewhere() {
        for file in [
            "",
            "a",
            "a =",
            "a = {",
            "a = { $",
            "a = { $n ->",
            "a = { $n ->\n [one",
            "a = } }",
            "a = { \"b\" }",
            "=\n a",
        ] {
            for end in file.char_indices().map(|(at, _)| at).chain([file.len()]) {
                filled(&file[..end], &[("n", Value::Number(1))]);
            }
        }
    }
}
