#![no_main]

mod limits;

use libfuzzer_sys::fuzz_target;
use pprof_core::wire::legacy::decode_legacy;
use pprof_core::wire::{decode_proto, encode_proto};

fuzz_target!(|bytes: &[u8]| {
    let limits = limits::limits();
    let Ok(profile) = decode_legacy(bytes, &limits) else {
        return;
    };
    let encoded = encode_proto(&profile);
    let again = decode_proto(&encoded, &limits).expect("what was written can be read");
    assert_eq!(again.samples.values, profile.samples.values);
    // A label of 0 in no unit is written as one without a value and gone after that, as in pprof.
    let twice = encode_proto(&again);
    let thrice = encode_proto(&decode_proto(&twice, &limits).expect("what was written can be read"));
    assert_eq!(twice, thrice);
});
