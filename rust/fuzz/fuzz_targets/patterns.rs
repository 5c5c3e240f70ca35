#![no_main]

use libfuzzer_sys::fuzz_target;
use pprof_core::ErrorKind;
use pprof_core::pattern::Pattern;

// The first line is the expression, the rest the text.
fuzz_target!(|bytes: &[u8]| {
    let end = bytes
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(bytes.len());
    let (source, text) = bytes.split_at(end);
    let Ok(source) = std::str::from_utf8(source) else {
        return;
    };
    match Pattern::new("focus", source) {
        Ok(pattern) => {
            std::hint::black_box(pattern.is_match(text));
        }
        Err(error) => {
            let ErrorKind::InvalidPattern { detail, .. } = *error.kind else {
                panic!("{error}")
            };
            assert!(
                detail.starts_with("error parsing regexp: ") && detail.ends_with('`'),
                "{detail}"
            );
        }
    }
});
