#![no_main]

mod limits;

use libfuzzer_sys::fuzz_target;
use pprof_core::wire::{decode_proto, encode_proto};

fuzz_target!(|bytes: &[u8]| {
    let limits = limits::limits();
    let Ok(profile) = decode_proto(bytes, &limits) else {
        return;
    };
    let once = encode_proto(&profile);
    let read = decode_proto(&once, &limits).expect("what was written can be read");
    assert_eq!(read.samples.values, profile.samples.values);
    assert_eq!(read.functions.len(), profile.functions.len());
    assert_eq!(read.locations, profile.locations);
    // A label whose text is empty is written as one without a value and gone after that.
    let twice = encode_proto(&read);
    let thrice = encode_proto(&decode_proto(&twice, &limits).expect("what was written can be read"));
    assert_eq!(twice, thrice);
});
