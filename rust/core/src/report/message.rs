//! The words in which pprof reports what is wrong.

use crate::error::{Error, ErrorKind};

/// What pprof says of an error, without the program's name in front.
#[must_use]
pub fn pprof_message(error: &Error) -> String {
    match &*error.kind {
        ErrorKind::NoMatches { pattern } => format!("no matches found for regexp: {pattern}"),
        ErrorKind::InvalidPattern {
            option,
            pattern,
            detail,
        } if option == "argument" => {
            format!("parsing argument regexp {pattern}: {detail}")
        }
        ErrorKind::InvalidPattern { option, detail, .. } => format!("parsing {option} regexp: {detail}"),
        ErrorKind::UnknownSampleType { available, .. } if available.is_empty() => {
            "profile has no samples".to_owned()
        }
        ErrorKind::UnknownSampleType { asked, available } => {
            if asked.parse::<i64>().is_ok() {
                format!(
                    "sample_index {asked} is outside the range [0..{}]",
                    available.len() - 1
                )
            } else {
                format!(
                    "sample_index {} must be one of: [{}]",
                    quote(asked),
                    available.join(" ")
                )
            }
        }
        ErrorKind::InvalidArgument {
            argument: "divide_by",
            detail,
        }
        | ErrorKind::Incompatible { detail } => detail.clone(),
        kind => kind.to_string(),
    }
}

/// `text` in double quotes, as `%q` of Go has it.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            '\0'..' ' | '\x7f' => out.extend(format!("\\x{:02x}", u32::from(c)).chars()),
            c if c.is_ascii() || !is_special(c) => out.push(c),
            c if u32::from(c) < 0x1_0000 => out.extend(format!("\\u{:04x}", u32::from(c)).chars()),
            c => out.extend(format!("\\U{:08x}", u32::from(c)).chars()),
        }
    }
    out.push('"');
    out
}

/// Whether a character has no picture of its own: controls, blanks other than the plain one, what is not assigned.
fn is_special(c: char) -> bool {
    c.is_control() || c.is_whitespace() || (c.escape_debug().count() > 1 && !is_mark(c))
}

/// Combining marks are escaped by Rust's debug form but printable in Go.
fn is_mark(c: char) -> bool {
    // Behind a letter they are left as they are.
    format!("a{c}").escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(asked: &str, available: &[&str]) -> String {
        let available = available.iter().map(|&name| name.to_owned()).collect();
        pprof_message(&Error::new(ErrorKind::UnknownSampleType {
            asked: asked.to_owned(),
            available,
        }))
    }

    #[test]
    fn sample_index_errors_have_pprofs_words() {
        assert_eq!(
            unknown("cpux", &["samples", "cpu"]),
            r#"sample_index "cpux" must be one of: [samples cpu]"#
        );
        assert_eq!(
            unknown("9", &["a", "b", "c", "d"]),
            "sample_index 9 is outside the range [0..3]"
        );
        assert_eq!(unknown("", &[]), "profile has no samples");
    }

    #[test]
    fn quoting_is_that_of_go() {
        for (text, quoted) in [
            ("a\"b\\\n\x01é", r#""a\"b\\\n\x01é""#),
            ("\u{200b}\u{ad}\u{3000}\u{e000}", r#""\u200b\u00ad\u3000\ue000""#),
            ("\u{e0001}\u{378}\x7f", r#""\U000e0001\u0378\x7f""#),
            ("e\u{301}", "\"e\u{301}\""),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }
}
