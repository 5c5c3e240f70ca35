//! A small ledger in Rust that burns a second of CPU under pprof-rs and writes the profile.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pprof::ProfilerGuardBuilder;
use pprof::protos::Message;

#[inline(never)]
fn checksum(rows: &[u8], rounds: u32) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for _ in 0..rounds {
        for row in rows {
            sum = (sum ^ u64::from(*row)).wrapping_mul(0x0100_0000_01b3); // plant: rust-checksum
        }
    }
    sum
}

#[inline(never)]
fn depth(n: u64) -> u64 {
    if n < 2 { n } else { depth(n - 1) + depth(n - 2) } // plant: rust-recursion
}

#[inline(never)]
fn post(accounts: &mut BTreeMap<String, u64>, round: u64) {
    for account in 0..200 {
        *accounts.entry(format!("account-{account}")).or_default() += round; // plant: rust-format
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let target = std::env::args().nth(1).ok_or("usage: ledger FILE")?;
    let guard = ProfilerGuardBuilder::default().frequency(199).build()?;
    let rows = vec![7_u8; 4096];
    let mut accounts = BTreeMap::new();
    let begin = Instant::now();
    let mut round = 0;
    while begin.elapsed() < Duration::from_secs(2) {
        round += black_box(checksum(&rows, 40)) & 1;
        round += black_box(depth(24)) & 1;
        for _ in 0..3 {
            post(&mut accounts, round);
        }
    }
    let profile = guard.report().build()?.pprof()?;
    fs::write(target, profile.encode_to_vec())?;
    Ok(())
}
