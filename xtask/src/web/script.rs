//! The script that goes with a compiled module, as it travels: without what is there for readers of it, and with short names
//! for what the module asks of it. Each of these names holds a hash, which no compression makes smaller, and travels twice:
//! in the script and in the module.

use anyhow::ensure;

/// Without comments and indentation.
///
/// # Errors
/// Where a text goes over several lines: its lines are no indentation.
pub(super) fn plain(script: &str) -> anyhow::Result<String> {
    let mut plain = String::with_capacity(script.len());
    let mut is_comment = false;
    for line in script.lines() {
        ensure!(line.matches('`').count() % 2 == 0, "a text goes over several lines: {line}");
        let line = line.trim();
        is_comment |= line.starts_with("/**");
        if !is_comment && !line.is_empty() && !line.starts_with("//") {
            plain.push_str(line);
            plain.push('\n');
        }
        is_comment &= !line.contains("*/");
    }
    Ok(plain)
}

/// Gives what a module asks for short names, in the module (`asked`) and in its script.
///
/// # Errors
/// Where the script gives something not just once.
pub(super) fn shorten<'a>(script: &mut String, asked: impl Iterator<Item = &'a mut String>) -> anyhow::Result<()> {
    for (number, name) in asked.enumerate() {
        let given = format!("\n{name}: function(");
        ensure!(script.matches(&given).count() == 1, "the script does not give {name} just once");
        let short = format!("i{number}");
        *script = script.replace(&given, &format!("\n{short}: function("));
        *name = short;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "function imports() {\n    const import0 = {\n        __wbg_log_0123456789abcdef: function(arg0) {\n            \
                          // What it does.\n            console.log(`${arg0} */`);\n        },\n        \
                          /** @returns {number} */\n        __wbg_log_two_0123456789abcdef: function() {\n            \
                          /**\n             * For readers.\n             */\n            return 2 // two\n        },\n    };\n}\n";

    #[test]
    fn what_only_readers_need_is_left_out() {
        assert_eq!(
            plain(SCRIPT).unwrap(),
            "function imports() {\nconst import0 = {\n__wbg_log_0123456789abcdef: function(arg0) {\n\
             console.log(`${arg0} */`);\n},\n__wbg_log_two_0123456789abcdef: function() {\nreturn 2 // two\n},\n};\n}\n"
        );
        assert!(plain("const text = `one\n  two`;").is_err());
    }

    #[test]
    fn a_module_and_its_script_have_the_same_short_names() {
        let mut script = plain(SCRIPT).unwrap();
        let mut asked = ["__wbg_log_two_0123456789abcdef", "__wbg_log_0123456789abcdef"].map(str::to_owned);
        shorten(&mut script, asked.iter_mut()).unwrap();
        assert_eq!(asked, ["i0", "i1"]);
        assert!(script.contains("\ni1: function(arg0) {\nconsole") && script.contains("\ni0: function() {\nreturn 2"));
        assert!(!script.contains("__wbg"));
    }

    #[test]
    fn what_the_script_does_not_give_is_refused_by_its_name() {
        let mut script = plain(SCRIPT).unwrap();
        let error = shorten(&mut script, ["__wbg_two_0123456789abcdef".to_owned()].iter_mut()).unwrap_err();
        assert!(error.to_string().contains("__wbg_two_0123456789abcdef"), "{error}");
    }
}
