//! Frames of the profilers themselves, which a legacy profile can not name.

/// Entry points of allocators, `|` between them: dropped from heap profiles.
const ALLOCATION: &str = concat!(
    "calloc|cfree|malloc|free|memalign|do_memalign|(__)?posix_memalign|pvalloc|valloc|realloc|",
    r"tcmalloc::.*|tc_calloc|tc_cfree|tc_malloc|tc_free|tc_memalign|tc_posix_memalign|tc_pvalloc|tc_valloc|",
    "tc_realloc|tc_new|tc_delete|tc_newarray|tc_deletearray|tc_new_nothrow|tc_newarray_nothrow|",
    "malloc_zone_malloc|malloc_zone_calloc|malloc_zone_valloc|malloc_zone_realloc|malloc_zone_memalign|",
    r"malloc_zone_free|runtime\..*|BaseArena::.*|(::)?do_malloc_no_errno|(::)?do_malloc_pages|",
    "(::)?do_malloc|DoSampledAllocation|MallocedMemBlock::MallocedMemBlock|_M_allocate|",
    "__builtin_(vec_)?delete|__builtin_(vec_)?new|__gnu_cxx::new_allocator::allocate|__libc_malloc|",
    r"__malloc_alloc_template::allocate|allocate|cpp_alloc|operator new(\[\])?|simple_alloc::allocate",
);

/// Frames of Go's runtime that stay in heap profiles.
const ALLOCATION_KEPT: &str = r"runtime\.panic|runtime\.reflectcall|runtime\.call[0-9]*";

/// Signal handlers: dropped from CPU profiles.
const CPU_PROFILER: &str =
    "ProfileData::Add|ProfileData::prof_handler|CpuProfiler::prof_handler|__pthread_sighandler|__restore";

/// Lock functions: dropped from contention profiles.
const LOCK: &str = concat!(
    "RecordLockProfileData|(base::)?RecordLockProfileData.*|(base::)?SubmitMutexProfileData.*|",
    "(base::)?SubmitSpinLockProfileData.*|(base::Mutex::)?AwaitCommon.*|(base::Mutex::)?Unlock.*|",
    "(base::Mutex::)?UnlockSlow.*|(base::Mutex::)?ReaderUnlock.*|(base::MutexLock::)?~MutexLock.*|",
    "(Mutex::)?AwaitCommon.*|(Mutex::)?Unlock.*|(Mutex::)?UnlockSlow.*|(Mutex::)?ReaderUnlock.*|",
    "(MutexLock::)?~MutexLock.*|(SpinLock::)?Unlock.*|(SpinLock::)?SlowUnlock.*|",
    "(SpinLockHolder::)?~SpinLockHolder.*",
);

/// `drop_frames` and `keep_frames` of a profile with these sample types; all that are not of memory or locks
/// count as CPU.
pub(super) fn drop_and_keep(sample_types: &[&[u8]]) -> (&'static str, &'static str) {
    match sample_types {
        [b"allocations", b"size"]
        | [b"objects", b"space"]
        | [b"inuse_objects", b"inuse_space"]
        | [b"alloc_objects", b"alloc_space"]
        | [b"alloc_objects", b"alloc_space", b"inuse_objects", b"inuse_space"] => {
            (ALLOCATION, ALLOCATION_KEPT)
        }
        [b"contentions", b"delay"] => (LOCK, ""),
        _ => (CPU_PROFILER, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles_and_matches_a_frame_of_its_kind() {
        let matches = |source: &str, frame: &str| {
            regex::Regex::new(&format!("^(?:{source})$"))
                .unwrap()
                .is_match(frame)
        };
        assert!(matches(ALLOCATION, "operator new[]") && matches(ALLOCATION, "runtime.mallocgc"));
        assert!(!matches(ALLOCATION, "main.allocate_more"));
        assert!(matches(ALLOCATION_KEPT, "runtime.call64"));
        assert!(matches(CPU_PROFILER, "__restore"));
        assert!(matches(LOCK, "SpinLockHolder::~SpinLockHolder"));
    }

    #[test]
    fn the_sample_types_decide() {
        assert_eq!(
            drop_and_keep(&[b"objects", b"space"]),
            (ALLOCATION, ALLOCATION_KEPT)
        );
        assert_eq!(drop_and_keep(&[b"contentions", b"delay"]), (LOCK, ""));
        assert_eq!(drop_and_keep(&[b"thread"]), (CPU_PROFILER, ""));
        assert_eq!(drop_and_keep(&[]), (CPU_PROFILER, ""));
    }
}
