//! Light Markdown in what people write: bold, italic, struck, code, quotes, links. A text becomes plain pieces, from
//! which nodes are made; nothing in it is ever taken for HTML.

mod inline;
mod link;

pub(crate) use inline::Piece;
use inline::pieces;

/// A part of a text that stands on lines of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// Lines with what is in them.
    Lines(Vec<Piece>),
    /// Lines that quote something.
    Quote(Vec<Piece>),
    /// Lines that stand as they are.
    Code(String),
}

/// The most lines of a block of code, so that no text takes long to read.
const LONGEST_CODE: usize = 500;

/// Reads a text.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = Vec::new();
    let mut quoted = Vec::new();
    let mut rest = text.lines();
    while let Some(line) = rest.next() {
        if let Some(opening) = line.trim_start().strip_prefix("```") {
            // A fence that is never closed is a text like others.
            let code: Vec<&str> = rest.clone().take(LONGEST_CODE).take_while(|line| line.trim_end() != "```").collect();
            let is_closed = rest.clone().nth(code.len()).is_some_and(|line| line.trim_end() == "```");
            if is_closed && !opening.contains('`') {
                flush(&mut blocks, &mut lines, Block::Lines);
                flush(&mut blocks, &mut quoted, Block::Quote);
                rest.nth(code.len());
                blocks.push(Block::Code(huis_texts::safe_block(&code.join("\n"), "").into_owned()));
                continue;
            }
        }
        match line.strip_prefix('>') {
            Some(quote) => {
                flush(&mut blocks, &mut lines, Block::Lines);
                quoted.push(quote.strip_prefix(' ').unwrap_or(quote));
            }
            None => {
                flush(&mut blocks, &mut quoted, Block::Quote);
                lines.push(line);
            }
        }
    }
    flush(&mut blocks, &mut lines, Block::Lines);
    flush(&mut blocks, &mut quoted, Block::Quote);
    blocks
}

fn flush(blocks: &mut Vec<Block>, lines: &mut Vec<&str>, block: fn(Vec<Piece>) -> Block) {
    if lines.iter().any(|line| !line.trim().is_empty()) {
        let text = lines.join("\n");
        blocks.push(block(pieces(text.trim_matches('\n'))));
    }
    lines.clear();
}

#[cfg(test)]
mod tests {
    use super::inline::Style;
    use super::*;

    fn plain(text: &str) -> Vec<Piece> {
        vec![Piece { text: text.into(), style: Style::default(), link: None }]
    }

    #[test]
    fn a_text_is_parted_into_lines_quotes_and_code() {
        let text = "one\n> two\n> three\nfour\n```rust\nlet x = \"*\";\n```\nfive";
        assert_eq!(
            blocks(text),
            [
                Block::Lines(plain("one")),
                Block::Quote(plain("two\nthree")),
                Block::Lines(plain("four")),
                Block::Code("let x = \"*\";".into()),
                Block::Lines(plain("five")),
            ]
        );
    }

    #[test]
    fn a_fence_that_is_never_closed_is_a_text() {
        assert_eq!(blocks("```\nabc"), [Block::Lines(plain("```\nabc"))]);
    }

    #[test]
    fn markup_stays_text() {
        assert_eq!(blocks("<img src=x onerror=alert(1)>"), [Block::Lines(plain("<img src=x onerror=alert(1)>"))]);
    }

    #[test]
    fn a_long_hostile_text_is_read_in_a_moment() {
        for hostile in [
            "*".repeat(60_000),
            "[".repeat(60_000),
            "`a".repeat(30_000),
            "> ".repeat(30_000),
            "_a*b".repeat(15_000),
            "```\n".repeat(15_000),
        ] {
            let _ = blocks(&hostile);
        }
    }
}
