use pprof_core::Limits;

/// Limits that a single input can reach within a second.
pub fn limits() -> Limits {
    Limits {
        input_bytes: 1 << 20,
        inflated_bytes: 8 << 20,
        ratio_floor: 1 << 20,
        samples: 20_000,
        stack_depth: 2_000,
        table_rows: 20_000,
        string_bytes: 4 << 20,
        zip_entries: 100,
        ..Limits::default()
    }
}
