//! One `tagfocus` or `tagignore` expression: `[key=]regexp[,regexp...]` or `[key=]range`.

use super::labels::NumLabelUnits;
use crate::error::Result;
use crate::ids::StringId;
use crate::pattern::Pattern;
use crate::table::{Label, LabelValue, Strings};
use crate::unit::scale;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct TagFilter {
    key: Option<String>,
    test: Test,
    /// The value part as given.
    value: String,
}

#[derive(Debug, Clone)]
enum Test {
    /// Numbers between two bounds, both included, in a unit.
    Range {
        low: Option<f64>,
        high: Option<f64>,
        unit: String,
    },
    /// Text; without a key every expression must match some `key:value`, with a key one of them a value of it.
    Patterns(Vec<Pattern>),
}

impl TagFilter {
    /// Compiles `expression`, which was given to `option`.
    ///
    /// # Errors
    ///
    /// A regular expression that does not compile.
    pub fn new(option: &str, expression: &str) -> Result<Self> {
        let (key, value) = match expression.split_once('=') {
            Some((key, value)) => (Some(key.to_owned()).filter(|key| !key.is_empty()), value),
            None => (None, expression),
        };
        let test = match range(value) {
            Some(test) => test,
            None => Test::Patterns(
                value
                    .split(',')
                    .map(|regex| Pattern::new(option, regex))
                    .collect::<Result<_>>()?,
            ),
        };
        Ok(Self {
            key,
            test,
            value: value.to_owned(),
        })
    }

    /// The value part, if it is a range of numbers.
    #[must_use]
    pub fn as_range(&self) -> Option<&str> {
        matches!(self.test, Test::Range { .. }).then_some(self.value.as_str())
    }

    /// Whether a sample with these labels is selected.
    #[must_use]
    pub fn selects(&self, labels: &[Label], strings: &Strings, units: &NumLabelUnits) -> bool {
        let wanted = |key: StringId| {
            self.key
                .as_ref()
                .is_none_or(|wanted| strings.get(key) == wanted.as_bytes())
        };
        match &self.test {
            Test::Range { low, high, unit } => labels.iter().any(|label| match label.value {
                LabelValue::Num(value, _) if wanted(label.key) => {
                    let (scaled, found) = scale(value, units.get(label.key), unit);
                    found == *unit
                        && low.is_none_or(|low| scaled >= low)
                        && high.is_none_or(|high| scaled <= high)
                }
                _ => false,
            }),
            Test::Patterns(patterns) => {
                let texts = || {
                    labels.iter().filter_map(|label| match label.value {
                        LabelValue::Str(text) if wanted(label.key) => Some((label.key, text)),
                        _ => None,
                    })
                };
                if self.key.is_some() {
                    return texts()
                        .any(|(_, text)| patterns.iter().any(|regex| regex.is_match(strings.get(text))));
                }
                let pairs: Vec<Vec<u8>> = texts()
                    .map(|(key, text)| [strings.get(key), b":", strings.get(text)].concat())
                    .collect();
                patterns
                    .iter()
                    .all(|regex| pairs.iter().any(|pair| regex.is_match(pair)))
            }
        }
    }
}

/// A number with its unit at the start of `text`, and what is behind it.
fn number(text: &str) -> Option<(i64, &str, &str)> {
    let digits_at = text.len() - text.strip_prefix(['+', '-']).unwrap_or(text).len();
    let digits = text[digits_at..]
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len() - digits_at);
    if digits == 0 {
        return None;
    }
    let (value, rest) = text.split_at(digits_at + digits);
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    Some((value.parse().ok()?, unit, rest))
}

/// `32kb`, `:64kb`, `4mb:` or `12kb:64mb`, if `text` is one of these.
fn range(text: &str) -> Option<Test> {
    if let Some(high) = text.strip_prefix(':') {
        let (value, unit, rest) = number(high)?;
        let (high, unit) = scale(value, unit, unit);
        return rest.is_empty().then_some(Test::Range {
            low: None,
            high: Some(high),
            unit,
        });
    }
    let (value, unit, rest) = number(text)?;
    let (low, unit) = scale(value, unit, unit);
    match rest {
        "" => Some(Test::Range {
            low: Some(low),
            high: Some(low),
            unit,
        }),
        ":" => Some(Test::Range {
            low: Some(low),
            high: None,
            unit,
        }),
        _ => {
            let (value, high_unit, rest) = number(rest.strip_prefix(':')?)?;
            let (high, high_unit) = scale(value, high_unit, &unit);
            (rest.is_empty() && high_unit == unit).then_some(Test::Range {
                low: Some(low),
                high: Some(high),
                unit,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_expressions() {
        for text in ["32kb", ":64kb", "4mb:", "12kb:64mb", "-5", "+5:7"] {
            assert!(range(text).is_some(), "{text}");
        }
        for text in [
            "",
            "kb",
            "32kb:x",
            "1kb:2s",
            "a1",
            "1.5",
            "1:2:3",
            "99999999999999999999",
        ] {
            assert!(range(text).is_none(), "{text}");
        }
    }
}
