//! Names of files from others, made harmless before a file is written under one.

use crate::card::acts;

/// The longest name, in bytes of UTF-8, that a file is given here. File systems take 255; the rest is for what is put in
/// front of the ending where two files have one name, and behind it while a file is not whole.
pub const NAME: usize = 200;

/// The longest ending that stays whole where a name is cut.
const ENDING: usize = 16;
/// The name of a file whose own is none.
const NAMELESS: &str = "file";
/// Names that are devices on Windows, whatever ending they have (Win32, "Naming Files, Paths, and Namespaces").
const DEVICES: [&str; 7] = ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// The name under which a received file is written: one component of a path, no device, nothing hidden, nothing that a
/// shell takes for an option, no character that acts or that some file system refuses, at most [`NAME`] bytes. A name that
/// is harmless stays as it is.
pub fn safe_name(name: &str) -> String {
    // Whatever stands before the last separator of any system is a path.
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = last.chars().filter(|character| !acts(*character) && !is_unseen(*character));
    let safe: String = kept.map(|character| if is_reserved(character) { '_' } else { character }).collect();
    let cut = shortened(safe.trim_start(), NAME);
    if cut.is_empty() {
        return NAMELESS.into();
    }
    if cut.starts_with(['.', '-', '~']) || is_device(&cut) { format!("_{}", shortened(&cut, NAME - 1)) } else { cut }
}

/// Windows drops these at the end of a name: `a.txt.` would be `a.txt`.
fn ends_nothing(character: char) -> bool {
    character == '.' || character.is_whitespace()
}

fn is_reserved(character: char) -> bool {
    matches!(character, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// What stands for nothing that can be seen, so that one name could pass for another. The joiners stay: several scripts
/// and many emoji need them.
fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = numbered.is_some_and(|number| {
        let mut digits = number.chars();
        digits.next().is_some_and(|digit| digit.is_ascii_digit() || "¹²³".contains(digit)) && digits.next().is_none()
    });
    is_port || DEVICES.contains(&stem.as_str())
}

/// The name without what ends nothing, and without what is too much in front of its ending.
fn shortened(name: &str, most: usize) -> String {
    let name = name.trim_end_matches(ends_nothing);
    if name.len() <= most {
        return name.into();
    }
    let (stem, ending) = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= ENDING => name.split_at(dot),
        _ => (name, ""),
    };
    let room = stem.floor_char_boundary(most - ending.len());
    let stem = stem.get(..room).unwrap_or_default();
    if ending.is_empty() { stem.trim_end_matches(ends_nothing).into() } else { format!("{stem}{ending}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_harmless_name_stays_as_it_is() {
        for name in
            ["notes.txt", "Zoë’s photo (2).jpg", "a.tar.gz", "год.pdf", "👩‍🌾.png", "console.log", "com10.txt", "a b"]
        {
            assert_eq!(safe_name(name), name);
        }
    }

    #[test]
    fn a_hostile_name_is_made_harmless() {
        let hostile = [
            ("../../etc/passwd", "passwd"),
            ("/etc/cron.d/job", "job"),
            ("..\\..\\Windows\\evil.dll", "evil.dll"),
            ("C:\\autoexec.bat", "autoexec.bat"),
            ("file.txt:stream", "file.txt_stream"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            ("a/", "file"),
            ("   ", "file"),
            (".bashrc", "_.bashrc"),
            ("-rf", "_-rf"),
            ("~root", "_~root"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("Aux .c", "_Aux .c"),
            ("com1", "_com1"),
            ("LPT³.dat", "_LPT³.dat"),
            ("report.pdf. . ", "report.pdf"),
            ("a\u{0}b\n\u{1b}[2Jc", "ab[2Jc"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("pay\u{200b}pal.txt\u{feff}", "paypal.txt"),
            ("a<b>c|d?e*f\"g", "a_b_c_d_e_f_g"),
            ("\u{2028}", "file"),
        ];
        for (name, harmless) in hostile {
            assert_eq!(safe_name(name), harmless, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_in_front_of_its_ending() {
        let long = safe_name(&format!("{}.tar", "é".repeat(300)));
        assert!(long.len() <= NAME && long.ends_with("é.tar"), "{long}");
        assert_eq!(safe_name(&"x".repeat(300)).len(), NAME);
        assert_eq!(safe_name(&format!("con{}x.txt", " ".repeat(300))).split_at(4).0, "_con");
        assert_eq!(safe_name(&format!(".{}", "x".repeat(300))).len(), NAME);
        let endless = safe_name(&format!("a.{}", "y".repeat(300)));
        assert!(endless.len() <= NAME && endless.starts_with("a.y"));
        assert!(safe_name(&format!("{}{}x", "x".repeat(NAME - 3), ". ".repeat(40))).ends_with('x'));
    }

    proptest! {
        #[test]
        fn every_name_is_one_harmless_component(name in ".*", long in "[./\\\\ \u{202e}a-cé]{0,400}") {
            for name in [name, long] {
                let safe = safe_name(&name);
                prop_assert!(!safe.is_empty() && safe.len() <= NAME);
                prop_assert!(!safe.contains(['/', '\\', ':']) && !safe.chars().any(acts));
                prop_assert!(!safe.starts_with(['.', '-', '~']) && !safe.ends_with(ends_nothing));
                prop_assert_eq!(std::path::Path::new(&safe).components().count(), 1);
                prop_assert_eq!(safe_name(&safe), safe);
            }
        }
    }
}
