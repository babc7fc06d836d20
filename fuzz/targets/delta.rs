//! The delta reader: whatever the instructions are, an answer of the promised size whose copied
//! ranges are what the base has there, or an error.

#![no_main]

use leaktrace::source::history::delta::Delta;
use libfuzzer_sys::fuzz_target;

/// The largest result that is worth making here.
const MOST: u64 = 1 << 20;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (base, bytes) = input;
    let Ok(delta) = Delta::parse(&bytes) else { return };
    if delta.result_size > MOST {
        return;
    }
    let (mut out, mut copies) = (Vec::new(), Vec::new());
    if delta.apply(&base, &mut out, &mut copies).is_err() {
        return;
    }
    assert_eq!(out.len() as u64, delta.result_size);
    let mut end = 0;
    for copy in copies {
        assert!(copy.to >= end && copy.len > 0);
        assert_eq!(out[copy.to..copy.to_end()], base[copy.from..copy.from_end()]);
        end = copy.to_end();
    }
    assert!(end <= out.len());
});
