//! The numbers of a binary CPU profile.

/// Width and byte order of the machine that wrote the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Little32,
    Big32,
    Little64,
    Big64,
}

impl Word {
    /// All of them, in the order in which they are tried.
    pub(super) const ALL: [Self; 4] = [Self::Little32, Self::Big32, Self::Little64, Self::Big64];
}

/// Reads words one after the other; past the end it gives zeros and says so.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    /// `None` once a word was asked for that is not there.
    rest: Option<&'a [u8]>,
    word: Word,
    len: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(bytes: &'a [u8], word: Word) -> Self {
        Self {
            rest: Some(bytes),
            word,
            len: bytes.len(),
        }
    }

    /// The next word; 0 past the end.
    pub(super) fn next(&mut self) -> u64 {
        let word = self.rest.and_then(|rest| match self.word {
            Word::Little32 => rest
                .split_first_chunk()
                .map(|(word, rest)| (u32::from_le_bytes(*word).into(), rest)),
            Word::Big32 => rest
                .split_first_chunk()
                .map(|(word, rest)| (u32::from_be_bytes(*word).into(), rest)),
            Word::Little64 => rest
                .split_first_chunk()
                .map(|(word, rest)| (u64::from_le_bytes(*word), rest)),
            Word::Big64 => rest
                .split_first_chunk()
                .map(|(word, rest)| (u64::from_be_bytes(*word), rest)),
        });
        self.rest = word.map(|(_, rest)| rest);
        word.map_or(0, |(word, _)| word)
    }

    /// Whether a word was asked for that is not there.
    pub(super) fn is_past_end(&self) -> bool {
        self.rest.is_none()
    }

    /// What has not been read; nothing once past the end.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest.unwrap_or(&[])
    }

    /// Bytes before [`Words::rest`].
    pub(super) fn offset(&self) -> u64 {
        (self.len - self.rest().len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_width_and_order_is_read_and_the_end_gives_zeros() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let firsts = Word::ALL.map(|word| Words::new(&bytes, word).next());
        assert_eq!(
            firsts,
            [
                0x0403_0201,
                0x0102_0304,
                0x0807_0605_0403_0201,
                0x0102_0304_0506_0708
            ]
        );
        let mut words = Words::new(&bytes, Word::Little64);
        words.next();
        assert_eq!(
            (words.is_past_end(), words.offset(), words.rest()),
            (false, 8, [9].as_slice())
        );
        assert_eq!(words.next(), 0);
        assert_eq!(
            (words.is_past_end(), words.offset(), words.rest()),
            (true, 9, [].as_slice())
        );
    }
}
