#![no_main]

mod limits;

use libfuzzer_sys::fuzz_target;
use pprof_core::wire::container::{sniff, unpack};
use std::borrow::Cow;

fuzz_target!(|bytes: &[u8]| {
    let limits = limits::limits();
    assert!(!sniff(bytes).phrase().is_empty());
    match unpack(bytes, &limits) {
        Ok(Cow::Borrowed(content)) => assert_eq!(content, bytes),
        Ok(Cow::Owned(content)) => assert!(content.len() as u64 <= limits.inflated_bytes),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
