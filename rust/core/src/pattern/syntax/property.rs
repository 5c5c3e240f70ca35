//! Unicode properties: `\pL`, `\p{Greek}`, `\P{^Lu}`.

use super::cursor::Cursor;
use super::{Code, SyntaxError};

/// The general categories, and the longer names they go by. In lower case, without separators.
const CATEGORIES: [(&str, &[&str]); 38] = [
    ("c", &["other"]),
    ("cc", &["control", "cntrl"]),
    ("cf", &["format"]),
    ("cn", &["unassigned"]),
    ("co", &["privateuse"]),
    ("cs", &["surrogate"]),
    ("l", &["letter"]),
    ("lc", &["casedletter"]),
    ("ll", &["lowercaseletter"]),
    ("lm", &["modifierletter"]),
    ("lo", &["otherletter"]),
    ("lt", &["titlecaseletter"]),
    ("lu", &["uppercaseletter"]),
    ("m", &["mark", "combiningmark"]),
    ("mc", &["spacingmark"]),
    ("me", &["enclosingmark"]),
    ("mn", &["nonspacingmark"]),
    ("n", &["number"]),
    ("nd", &["decimalnumber", "digit"]),
    ("nl", &["letternumber"]),
    ("no", &["othernumber"]),
    ("p", &["punctuation", "punct"]),
    ("pc", &["connectorpunctuation"]),
    ("pd", &["dashpunctuation"]),
    ("pe", &["closepunctuation"]),
    ("pf", &["finalpunctuation"]),
    ("pi", &["initialpunctuation"]),
    ("po", &["otherpunctuation"]),
    ("ps", &["openpunctuation"]),
    ("s", &["symbol"]),
    ("sc", &["currencysymbol"]),
    ("sk", &["modifiersymbol"]),
    ("sm", &["mathsymbol"]),
    ("so", &["othersymbol"]),
    ("z", &["separator"]),
    ("zl", &["lineseparator"]),
    ("zp", &["paragraphseparator"]),
    ("zs", &["spaceseparator"]),
];

/// The scripts that Go has tables for. In lower case, without separators, in order.
const SCRIPTS: [&str; 163] = [
    "adlam",
    "ahom",
    "anatolianhieroglyphs",
    "arabic",
    "armenian",
    "avestan",
    "balinese",
    "bamum",
    "bassavah",
    "batak",
    "bengali",
    "bhaiksuki",
    "bopomofo",
    "brahmi",
    "braille",
    "buginese",
    "buhid",
    "canadianaboriginal",
    "carian",
    "caucasianalbanian",
    "chakma",
    "cham",
    "cherokee",
    "chorasmian",
    "common",
    "coptic",
    "cuneiform",
    "cypriot",
    "cyprominoan",
    "cyrillic",
    "deseret",
    "devanagari",
    "divesakuru",
    "dogra",
    "duployan",
    "egyptianhieroglyphs",
    "elbasan",
    "elymaic",
    "ethiopic",
    "georgian",
    "glagolitic",
    "gothic",
    "grantha",
    "greek",
    "gujarati",
    "gunjalagondi",
    "gurmukhi",
    "han",
    "hangul",
    "hanifirohingya",
    "hanunoo",
    "hatran",
    "hebrew",
    "hiragana",
    "imperialaramaic",
    "inherited",
    "inscriptionalpahlavi",
    "inscriptionalparthian",
    "javanese",
    "kaithi",
    "kannada",
    "katakana",
    "kawi",
    "kayahli",
    "kharoshthi",
    "khitansmallscript",
    "khmer",
    "khojki",
    "khudawadi",
    "lao",
    "latin",
    "lepcha",
    "limbu",
    "lineara",
    "linearb",
    "lisu",
    "lycian",
    "lydian",
    "mahajani",
    "makasar",
    "malayalam",
    "mandaic",
    "manichaean",
    "marchen",
    "masaramgondi",
    "medefaidrin",
    "meeteimayek",
    "mendekikakui",
    "meroiticcursive",
    "meroitichieroglyphs",
    "miao",
    "modi",
    "mongolian",
    "mro",
    "multani",
    "myanmar",
    "nabataean",
    "nagmundari",
    "nandinagari",
    "newa",
    "newtailue",
    "nko",
    "nushu",
    "nyiakengpuachuehmong",
    "ogham",
    "olchiki",
    "oldhungarian",
    "olditalic",
    "oldnortharabian",
    "oldpermic",
    "oldpersian",
    "oldsogdian",
    "oldsoutharabian",
    "oldturkic",
    "olduyghur",
    "oriya",
    "osage",
    "osmanya",
    "pahawhhmong",
    "palmyrene",
    "paucinhau",
    "phagspa",
    "phoenician",
    "psalterpahlavi",
    "rejang",
    "runic",
    "samaritan",
    "saurashtra",
    "sharada",
    "shavian",
    "siddham",
    "signwriting",
    "sinhala",
    "sogdian",
    "sorasompeng",
    "soyombo",
    "sundanese",
    "sylotinagri",
    "syriac",
    "tagalog",
    "tagbanwa",
    "taile",
    "taitham",
    "taiviet",
    "takri",
    "tamil",
    "tangsa",
    "tangut",
    "telugu",
    "thaana",
    "thai",
    "tibetan",
    "tifinagh",
    "tirhuta",
    "toto",
    "ugaritic",
    "vai",
    "vithkuqi",
    "wancho",
    "warangciti",
    "yezidi",
    "yi",
    "zanabazarsquare",
];

/// The engine's name of a property; case and separators do not count.
fn property(name: &str) -> Option<String> {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if matches!(plain.as_str(), "any" | "assigned" | "ascii") {
        return Some(plain);
    }
    if let Some((category, _)) = CATEGORIES
        .iter()
        .find(|(short, names)| *short == plain || names.contains(&plain.as_str()))
    {
        return Some(format!("gc={category}"));
    }
    SCRIPTS
        .binary_search(&plain.as_str())
        .ok()
        .map(|_| format!("sc={plain}"))
}

/// Reads a property, its backslash included, if one comes next; gives it as the engine writes it.
///
/// # Errors
///
/// A name that is none, or braces that do not end.
pub(super) fn unicode_class(cursor: &mut Cursor<'_>) -> Result<Option<String>, SyntaxError> {
    let start = *cursor;
    let mut negated = match (cursor.peek(), cursor.peek_second()) {
        (Some('\\'), Some('p')) => false,
        (Some('\\'), Some('P')) => true,
        _ => return Ok(None),
    };
    cursor.next();
    cursor.next();
    let braced = cursor.peek() == Some('{');
    let after_slash_p = *cursor;
    cursor.next();
    let mut name = if braced {
        match cursor.until("}") {
            Some(name) => name,
            None => return Err(SyntaxError::new(Code::CharRange, start.rest())),
        }
    } else {
        cursor.since(after_slash_p)
    };
    if let Some(rest) = name.strip_prefix('^') {
        negated = !negated;
        name = rest;
    }
    let Some(property) = property(name) else {
        return Err(SyntaxError::new(Code::CharRange, cursor.since(start)));
    };
    Ok(Some(format!(
        r"\{}{{{property}}}",
        if negated { 'P' } else { 'p' }
    )))
}
