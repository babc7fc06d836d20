//! The decoders by themselves: what looking for encodings costs, and what opening them does. Bytes
//! are those of the text as stored.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use divan::Bencher;
use divan::counter::BytesCount;
use flate2::Compression;
use flate2::write::GzEncoder;
use leaktrace::engine::decode::{Budget, decode};

const BYTES: usize = 4 << 20;

fn main() {
    divan::main();
}

/// Source in which nothing is encoded: what every file pays.
#[divan::bench]
fn nothing_encoded(bencher: Bencher<'_, '_>) {
    run(bencher, &common::plain(5, BYTES));
}

/// A line of base64 after each tenth of source.
#[divan::bench]
fn base64(bencher: Bencher<'_, '_>) {
    run(bencher, &interleaved(|line| STANDARD.encode(line)));
}

/// The same in hexadecimal digits.
#[divan::bench]
fn hex(bencher: Bencher<'_, '_>) {
    run(bencher, &interleaved(digits));
}

fn digits(line: &[u8]) -> String {
    let mut text = String::new();
    for byte in line {
        write!(text, "{byte:02x}").expect("into memory");
    }
    text
}

#[divan::bench]
fn gzip(bencher: Bencher<'_, '_>) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&common::plain(6, BYTES)).expect("into memory");
    run(bencher, &encoder.finish().expect("into memory"));
}

/// Lines of source, each tenth one followed by an encoded line.
fn interleaved(encode: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let plain = common::plain(7, BYTES / 2);
    let encoded = common::crowded(8, BYTES / 2);
    let mut encoded = encoded.split(|byte| *byte == b'\n');
    let mut text = Vec::new();
    for (number, line) in plain.split(|byte| *byte == b'\n').enumerate() {
        text.extend(line);
        text.push(b'\n');
        if let (true, Some(line)) = (number % 10 == 0, encoded.next()) {
            text.extend(encode(line).into_bytes());
            text.push(b'\n');
        }
    }
    text
}

fn run(bencher: Bencher<'_, '_>, text: &[u8]) {
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| {
        let mut decoded = 0;
        decode(text, &mut Budget::default(), &mut |piece, _| decoded += piece.bytes.len());
        decoded
    });
}
