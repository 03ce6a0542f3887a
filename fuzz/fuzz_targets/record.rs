//! Opens the bytes as a record of a tier: as they are, and behind the right magic and before the right checksum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use memo_runtime::tier::Record;
use xxhash_rust::xxh3::xxh3_64;

fuzz_target!(|bytes: &[u8]| {
    open(bytes.to_vec());
    let mut sealed = [b"mfn\x01\0\0\0\0", bytes].concat();
    sealed.extend(xxh3_64(&sealed).to_le_bytes());
    open(sealed);
});

fn open(bytes: Vec<u8>) {
    let record = Record::from_bytes(bytes);
    let _ = (record.ends(), record.born(), record.tags().count());
    if let Some(again) = record.sealed_again() {
        assert_eq!(again, record, "{:?} became {:?}", record.as_bytes(), again.as_bytes());
    }
}
