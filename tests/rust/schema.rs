//! The structs of `message.rs` are those of the upstream schema that lies beside them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets a surprise should stop"
)]

mod message;

use std::collections::BTreeMap;

const SCHEMA: &str = include_str!("profile.proto");
const STRUCTS: &str = include_str!("message.rs");

/// One field: whether it repeats, and the type of one value of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    tag: u32,
    repeated: bool,
    kind: String,
}

/// Fields by name, by message.
type Messages = BTreeMap<String, BTreeMap<String, Field>>;

fn add(messages: &mut Messages, message: &str, name: &str, field: Field) {
    let fields = messages
        .get_mut(message)
        .unwrap_or_else(|| panic!("{name} is outside of a message"));
    assert!(
        fields.insert(name.to_owned(), field).is_none(),
        "{message}.{name} is there twice"
    );
}

/// Reads the schema: messages of plain fields, which is all that it has.
fn schema() -> Messages {
    let mut messages = Messages::new();
    let mut message = String::new();
    for line in SCHEMA
        .lines()
        .map(|line| line.split("//").next().unwrap_or("").trim())
    {
        let words: Vec<&str> = line.trim_end_matches(';').split_whitespace().collect();
        match words[..] {
            [] | ["}"] | ["syntax" | "package" | "option", ..] => {}
            ["message", name, "{"] => {
                name.clone_into(&mut message);
                assert!(
                    messages.insert(message.clone(), BTreeMap::new()).is_none(),
                    "{name} is there twice"
                );
            }
            [ref label @ .., kind, name, "=", tag] if label.is_empty() || label == ["repeated"] => {
                let field = Field {
                    tag: tag.parse().unwrap_or_else(|_| panic!("{line}")),
                    repeated: !label.is_empty(),
                    kind: kind.to_owned(),
                };
                add(&mut messages, &message, name, field);
            }
            _ => panic!("a line of the schema that this test can not read: {line:?}"),
        }
    }
    messages
}

/// The type of one value, as the schema calls it, of an attribute of `prost` and the Rust type below it.
fn kind_of(attribute: &str, rust: &str) -> String {
    match attribute {
        "message" => rust
            .trim_start_matches("Vec<")
            .trim_start_matches("Option<")
            .trim_end_matches('>')
            .to_owned(),
        // Text that is not UTF-8 is read all the same, so strings are kept as bytes.
        "bytes = \"vec\"" => "string".to_owned(),
        scalar => scalar.to_owned(),
    }
}

/// Reads the structs: an attribute line before each field.
fn structs() -> Messages {
    let mut messages = Messages::new();
    let mut message = String::new();
    let mut attribute: Option<&str> = None;
    for line in STRUCTS.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix("pub struct ")
            .and_then(|rest| rest.strip_suffix(" {"))
        {
            name.clone_into(&mut message);
            messages.insert(message.clone(), BTreeMap::new());
        } else if let Some(inner) = line.strip_prefix("#[prost(") {
            attribute = inner.strip_suffix(")]");
        } else if let Some((name, rust)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(": ")) {
            let parts: Vec<&str> = attribute
                .take()
                .unwrap_or_else(|| panic!("{name} has no attribute"))
                .split(", ")
                .collect();
            let tag = parts
                .last()
                .and_then(|part| part.strip_prefix("tag = \"")?.strip_suffix('"')?.parse().ok());
            let field = Field {
                tag: tag.unwrap_or_else(|| panic!("{name} has no tag")),
                repeated: parts.contains(&"repeated"),
                kind: kind_of(parts[0], rust.trim_end_matches(',')),
            };
            add(&mut messages, &message, name.trim_start_matches("r#"), field);
        }
    }
    messages
}

#[test]
fn the_structs_have_the_fields_tags_and_types_of_the_schema() {
    let (schema, structs) = (schema(), structs());
    assert_eq!(
        schema.len(),
        8,
        "messages read from the schema: {:?}",
        schema.keys()
    );
    assert!(schema["Line"].contains_key("column"), "{:?}", schema["Line"]);
    assert!(
        schema["Profile"].contains_key("doc_url"),
        "{:?}",
        schema["Profile"]
    );
    assert_eq!(schema.values().map(BTreeMap::len).sum::<usize>(), 47);
    for (message, fields) in &schema {
        assert_eq!(structs.get(message), Some(fields), "{message}");
    }
    assert_eq!(
        structs.keys().collect::<Vec<_>>(),
        schema.keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_message_that_prost_writes_has_the_tags_of_the_schema() {
    use message::{Line, Profile};
    use prost::Message;
    let schema = schema();
    let tag = |message: &str, field: &str| u8::try_from(schema[message][field].tag).unwrap_or_default() << 3;
    let line = Line {
        function_id: 1,
        line: 2,
        column: 3,
    };
    assert_eq!(
        line.encode_to_vec(),
        [
            tag("Line", "function_id"),
            1,
            tag("Line", "line"),
            2,
            tag("Line", "column"),
            3
        ]
    );
    let profile = Profile {
        doc_url: 5,
        ..Profile::default()
    };
    assert_eq!(profile.encode_to_vec(), [tag("Profile", "doc_url"), 5]);
}
