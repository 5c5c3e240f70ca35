//! Reads an expression from left to right and writes it for the engine as it goes.

use super::class::{NOTHING, bracketed, perl_class};
use super::cursor::Cursor;
use super::escape::escape;
use super::frame::{Flags, Frame, MAX_COPIES, Part, Shape};
use super::group::{Opening, opening};
use super::property::unicode_class;
use super::repeat::Repeat;
use super::{Code, SyntaxError};

/// ASCII word boundaries. Behind `\B` comes what holds between any two characters: `\B` alone would hold inside one.
const WORD_BOUNDARY: &str = r"(?-u:\b)";
const NO_WORD_BOUNDARY: &str = r"(?:(?-u:\B)(?:\b|\B))";
/// Characters that mean something to the engine, somewhere.
const META: &str = r"\.+*?()|[]{}^$#&-~";

/// The reader.
pub(super) struct Parser<'a> {
    cursor: Cursor<'a>,
    out: String,
    flags: Flags,
    /// The groups that are open; the first is the expression itself.
    outer: Vec<Frame>,
    frame: Frame,
    /// Where the repetition began that was read last, when nothing came after it.
    last_repeat: Option<Cursor<'a>>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            cursor: Cursor::new(text),
            out: String::with_capacity(text.len() + 16),
            flags: Flags::default(),
            outer: Vec::new(),
            frame: Frame::new(Flags::default(), false, 0),
            last_repeat: None,
        }
    }

    pub(super) fn run(mut self) -> Result<String, SyntaxError> {
        let whole = self.cursor.whole();
        while let Some(next) = self.cursor.peek() {
            let before = self.cursor;
            let repeated = self.step(next)?;
            self.last_repeat = repeated.then_some(before);
        }
        let is_open = !self.outer.is_empty();
        self.frame.close(whole)?;
        if is_open {
            Err(SyntaxError::new(Code::MissingParen, whole))
        } else {
            Ok(self.out)
        }
    }

    /// Reads one thing; tells whether it was a repetition.
    fn step(&mut self, next: char) -> Result<bool, SyntaxError> {
        match next {
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => {
                self.cursor.next();
                self.frame.end_branch(self.cursor.whole())?;
                self.out.push('|');
            }
            '^' => self.assertion(if self.flags.multi_line { "(?m:^)" } else { r"\A" }, 1),
            '$' => self.assertion(if self.flags.multi_line { "(?m:$)" } else { r"\z" }, 1),
            '.' => self.assertion(if self.flags.dot_newline { "(?s:.)" } else { "." }, 1),
            '[' => {
                let class = bracketed(&mut self.cursor)?;
                self.class(&class);
            }
            '*' | '+' | '?' => {
                let before = self.cursor;
                self.cursor.next();
                let repeat = match next {
                    '*' => Repeat::Star,
                    '+' => Repeat::Plus,
                    _ => Repeat::Quest,
                };
                self.repeat(repeat, before)?;
                return Ok(true);
            }
            '{' => {
                let before = self.cursor;
                if let Some(repeat) = Repeat::counted(&mut self.cursor)? {
                    self.repeat(repeat, before)?;
                    return Ok(true);
                }
                self.cursor.next();
                self.literal('{');
            }
            '\\' => self.backslash()?,
            other => {
                self.cursor.next();
                self.literal(other);
            }
        }
        Ok(false)
    }

    /// Writes something that is one part, for `length` characters of the expression.
    fn assertion(&mut self, text: &str, length: usize) {
        for _ in 0..length {
            self.cursor.next();
        }
        self.frame.push(Part::atom(self.out.len()));
        self.out.push_str(text);
    }

    fn class(&mut self, text: &str) {
        self.frame.push(Part::atom(self.out.len()));
        if self.flags.fold {
            self.out.push_str("(?i:");
            self.out.push_str(text);
            self.out.push(')');
        } else {
            self.out.push_str(text);
        }
    }

    fn literal(&mut self, text: char) {
        self.frame.push_literal(self.out.len(), self.flags.fold);
        let folds = self.flags.fold && (text.is_ascii_alphabetic() || !text.is_ascii());
        if folds {
            self.out.push_str("(?i:");
            self.out.push(text);
            self.out.push(')');
        } else {
            if META.contains(text) {
                self.out.push('\\');
            }
            self.out.push(text);
        }
    }

    fn backslash(&mut self) -> Result<(), SyntaxError> {
        match self.cursor.peek_second() {
            Some('A') => self.assertion(r"\A", 2),
            Some('z') => self.assertion(r"\z", 2),
            Some('b') => self.assertion(WORD_BOUNDARY, 2),
            Some('B') => self.assertion(NO_WORD_BOUNDARY, 2),
            Some('Q') => {
                self.cursor.eat(r"\Q");
                let quoted = self
                    .cursor
                    .until(r"\E")
                    .unwrap_or_else(|| self.cursor.take_rest());
                quoted.chars().for_each(|c| self.literal(c));
            }
            _ => {
                if let Some(class) = unicode_class(&mut self.cursor)? {
                    self.class(&class);
                } else if let Some(class) = perl_class(&mut self.cursor) {
                    self.class(&class);
                } else {
                    let code = escape(&mut self.cursor)?;
                    match char::from_u32(code) {
                        Some(text) => self.literal(text),
                        None => self.class(NOTHING),
                    }
                }
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), SyntaxError> {
        let outer_flags = self.flags;
        let mut capture = true;
        if self.cursor.rest().starts_with("(?") {
            match opening(&mut self.cursor, self.flags)? {
                Opening::Named => {}
                Opening::Flagged(flags) => {
                    self.flags = flags;
                    capture = false;
                }
                Opening::Flags(flags) => {
                    self.flags = flags;
                    return Ok(());
                }
            }
        } else {
            self.cursor.next();
        }
        let frame = Frame::new(outer_flags, capture, self.out.len());
        self.outer.push(std::mem::replace(&mut self.frame, frame));
        // Nobody asks for what a group matched, so none needs a number.
        self.out.push_str("(?:");
        Ok(())
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        let whole = self.cursor.whole();
        self.cursor.next();
        let Some(outer) = self.outer.pop() else {
            self.frame.end_branch(whole)?;
            return Err(SyntaxError::new(Code::UnexpectedParen, whole));
        };
        let frame = std::mem::replace(&mut self.frame, outer);
        self.flags = frame.outer_flags;
        self.frame.push(frame.close(whole)?);
        self.out.push(')');
        Ok(())
    }

    /// Repeats the last part; the repetition began at `before`.
    fn repeat(&mut self, repeat: Repeat, before: Cursor<'a>) -> Result<(), SyntaxError> {
        let whole = self.cursor.whole();
        let lazy = self.cursor.eat("?") != self.flags.lazy;
        if let Some(last) = self.last_repeat {
            return Err(SyntaxError::new(Code::RepeatOp, self.cursor.since(last)));
        }
        let Some(part) = self.frame.take_last() else {
            return Err(SyntaxError::new(
                Code::MissingRepeatArgument,
                self.cursor.since(before),
            ));
        };
        let repeated = repeat.of(part).checked(whole)?;
        if repeat.multiplies() && repeated.copies > MAX_COPIES {
            return Err(SyntaxError::new(Code::RepeatSize, self.cursor.since(before)));
        }
        // A repetition of a repetition can be written with flags in between, but not in the engine's syntax.
        if part.shape == Shape::Repeat && !self.out.ends_with(')') {
            self.out.insert_str(part.start, "(?:");
            self.out.push(')');
        }
        self.frame.push(repeated);
        self.out.push_str(&repeat.text());
        if lazy {
            self.out.push('?');
        }
        Ok(())
    }
}
