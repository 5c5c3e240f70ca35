//! Telling a program from a profile: pprof takes the first of several arguments for the program that was profiled
//! if it opens as an object file.
//!
//! The binary CPU profiles of gperftools begin with zeros, which also is a valid COFF header of an object for no
//! machine in particular. So the first of several of them is taken for a program too, and that is kept: the numbers
//! are to be those of pprof.

/// Reads little-endian numbers one behind the other.
struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn number(&mut self, size: usize) -> Option<u64> {
        let end = self.at.checked_add(size)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |number, &byte| number << 8 | u64::from(byte)),
        )
    }

    fn skip(&mut self, size: usize) -> Option<()> {
        self.at = self.at.checked_add(size)?;
        (self.at <= self.bytes.len()).then_some(())
    }
}

/// Whether `content` opens as an object file: ELF, Mach-O, PE and COFF, Plan 9, XCOFF.
#[must_use]
pub fn is_program(content: &[u8]) -> bool {
    const ELF: &[u8] = b"\x7fELF";
    const MACH_O: [[u8; 4]; 4] = [
        [0xfe, 0xed, 0xfa, 0xce],
        [0xfe, 0xed, 0xfa, 0xcf],
        [0xce, 0xfa, 0xed, 0xfe],
        [0xcf, 0xfa, 0xed, 0xfe],
    ];
    const PLAN_9: [[u8; 4]; 3] = [[0, 0, 0x01, 0xeb], [0, 0, 0x8a, 0x97], [0, 0, 0x06, 0x47]];
    const XCOFF: [[u8; 2]; 2] = [[0x01, 0xdf], [0x01, 0xf7]];
    let starts = |magic: &[u8]| content.starts_with(magic);
    starts(ELF)
        || MACH_O.iter().any(|magic| starts(magic))
        || PLAN_9.iter().any(|magic| starts(magic)) && content.len() >= 40
        || XCOFF.iter().any(|magic| starts(magic))
        || is_coff(content).unwrap_or(false)
}

/// Smallest file that is looked into: a DOS header.
const DOS_HEADER: usize = 96;
/// Size of a symbol.
const SYMBOL: usize = 18;
/// Unknown, i386, ARM, AMD64, ARM64, RISC-V of 32, 64 and 128 bits.
const MACHINES: [u64; 8] = [0, 0x14c, 0x1c4, 0x8664, 0xaa64, 0x5032, 0x5064, 0x5128];

/// Whether all tables of a COFF file, with or without the DOS header of PE, can be read. `None` is an end too early.
fn is_coff(content: &[u8]) -> Option<bool> {
    let base = if content.get(..DOS_HEADER)?.starts_with(b"MZ") {
        let signature = Reader {
            bytes: content,
            at: 0x3c,
        }
        .number(4)? as usize;
        if content.get(signature..)?.get(..4)? != b"PE\0\0" {
            return Some(false);
        }
        signature + 4
    } else {
        0
    };
    let mut header = Reader {
        bytes: content,
        at: base,
    };
    let machine = header.number(2)?;
    let sections = header.number(2)?;
    header.skip(4)?;
    let symbols_at = header.number(4)? as u32;
    let symbols = header.number(4)? as u32;
    let optional = header.number(2)? as usize;
    header.skip(2)?;
    if !MACHINES.contains(&machine) {
        return Some(false);
    }
    let strings = if symbols_at == 0 {
        0
    } else {
        string_table(content, symbols_at, symbols)?
    };
    if symbols_at != 0 && !symbols_are_named(content, symbols_at as usize, symbols, strings)? {
        return Some(false);
    }
    if !optional_header(&mut header, optional)? {
        return Some(false);
    }
    for _ in 0..sections {
        let name = content.get(header.at..header.at + 8)?;
        if name.first() == Some(&b'/') {
            let digits: &[u8] = name[1..].split(|&byte| byte == 0).next().unwrap_or_default();
            let offset = std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok());
            if !offset.is_some_and(|offset: u32| is_named(offset, strings)) {
                return Some(false);
            }
        }
        header.skip(24)?;
        let relocations_at = header.number(4)? as usize;
        header.skip(4)?;
        let relocations = header.number(2)? as usize;
        header.skip(6)?;
        if relocations > 0 {
            Reader {
                bytes: content,
                at: relocations_at,
            }
            .skip(relocations * 10)?;
        }
    }
    Some(true)
}

/// Bytes of the table of long names, which follows the symbols and says how long it is.
fn string_table(content: &[u8], symbols_at: u32, symbols: u32) -> Option<usize> {
    let at = symbols_at.wrapping_add(symbols.wrapping_mul(SYMBOL as u32)) as usize;
    let length = Reader { bytes: content, at }.number(4)? as usize;
    let behind = length.saturating_sub(4);
    content.get(at + 4..)?.get(..behind)?;
    Some(behind)
}

/// Whether an offset into the table of long names, which counts its length field, lies in it.
fn is_named(offset: u32, strings: usize) -> bool {
    offset >= 4 && offset as usize - 4 <= strings
}

/// Whether every symbol is there and has a name.
fn symbols_are_named(content: &[u8], at: usize, symbols: u32, strings: usize) -> Option<bool> {
    let mut auxiliary = 0;
    for symbol in content
        .get(at..)?
        .chunks(SYMBOL)
        .map(Some)
        .chain(std::iter::repeat(None))
        .take(symbols as usize)
    {
        let symbol = symbol.filter(|symbol| symbol.len() == SYMBOL)?;
        if auxiliary > 0 {
            auxiliary -= 1;
            continue;
        }
        auxiliary = symbol[SYMBOL - 1];
        let offset = Reader { bytes: symbol, at: 4 }.number(4)? as u32;
        if symbol.starts_with(&[0; 4]) && offset != 0 && !is_named(offset, strings) {
            return Some(false);
        }
    }
    Some(auxiliary == 0)
}

/// Reads past the optional header of `size` bytes, which names its own form.
fn optional_header(header: &mut Reader<'_>, size: usize) -> Option<bool> {
    if size == 0 {
        return Some(true);
    }
    let fixed = match header.number(2)? {
        0x10b => 96,
        0x20b => 112,
        _ => return Some(false),
    };
    header.skip(fixed - 6)?;
    let directories = header.number(4)? as usize;
    if size < fixed || directories.checked_mul(8) != Some(size - fixed) {
        return Some(false);
    }
    header.skip(size - fixed)?;
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu_profile(words: &[u64]) -> Vec<u8> {
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(200, 0);
        bytes
    }

    fn object(name: &[u8], sections: u16) -> Vec<u8> {
        let mut bytes = vec![0x64, 0x86];
        bytes.extend(sections.to_le_bytes());
        bytes.resize(20, 0);
        bytes.extend(name);
        bytes.resize(120, 0);
        bytes
    }

    #[test]
    fn object_files_are_told_by_their_first_bytes() {
        for magic in [&b"\x7fELF\x02"[..], b"\xcf\xfa\xed\xfe", b"\x01\xdf"] {
            assert!(is_program(magic));
        }
        for other in [
            &b""[..],
            b"\x1f\x8b\x08",
            b"\x0a\x04\x08\x01\x10\x02",
            b"heap profile: ",
            b"MZ",
        ] {
            assert!(!is_program(other), "{other:?}");
        }
    }

    #[test]
    fn a_gperftools_profile_of_64_bits_passes_for_an_object() {
        assert!(is_program(&cpu_profile(&[0, 3, 0, 10_000, 0])));
        assert!(!is_program(&cpu_profile(&[0, 3, 0, 10_000, 0])[..90]));
        let words: Vec<u8> = [0u32, 3, 1, 10_000, 0]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let mut narrow = words;
        narrow.resize(200, 0);
        assert!(
            !is_program(&narrow),
            "its symbol table of 10,000 symbols is not there"
        );
    }

    #[test]
    fn coff_sections_and_headers_are_checked() {
        assert!(is_program(&object(b".text\0\0\0", 2)));
        assert!(
            !is_program(&object(b".text\0\0\0", 3)),
            "the third section is cut off"
        );
        assert!(
            !is_program(&object(b"/9\0\0\0\0\0\0", 1)),
            "a long name without a table of names"
        );
        let mut optional = object(b".text\0\0\0", 0);
        optional[16] = 96;
        assert!(!is_program(&optional), "an optional header of no known form");
        optional[20..22].copy_from_slice(&[0x0b, 0x01]);
        assert!(is_program(&optional));
    }
}
