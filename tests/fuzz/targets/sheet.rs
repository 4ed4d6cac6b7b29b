//! Fuzzes one reader, through what all of them lead to: references whose quotes stand where they say.
#![no_main]

#[path = "../check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::read_contained(data, "rows.xlsx"));
