#![no_main]

mod limits;

use libfuzzer_sys::fuzz_target;
use pprof_core::wire::container::zip_entries;

fuzz_target!(|bytes: &[u8]| {
    let limits = limits::limits();
    let Ok(entries) = zip_entries(bytes, &limits) else {
        return;
    };
    assert!(entries.len() as u64 <= limits.zip_entries);
    let total: u64 = entries.iter().map(|entry| entry.bytes.len() as u64).sum();
    assert!(total <= limits.inflated_bytes, "{total}");
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    for name in &names {
        assert!(!name.starts_with('/') && !name.contains(['\\', '\0']), "{name}");
        assert!(
            name.split('/').all(|part| !matches!(part, "." | ".." | "")),
            "{name}"
        );
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), entries.len());
});
