//! Writes workloads into a folder: `workloads DIR [NAME...]`, all of them when none is named.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a command says is its product"
)]

use flate2::{Compression, write::GzEncoder};
use pprof_bench::workload::{WORKLOADS, Workload};
use pprof_bench::writer::Counts;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: workloads DIR [NAME...]\nnames: {}", names().join(" "));
        return ExitCode::from(2);
    };
    let wanted: Vec<String> = arguments.collect();
    if let Some(unknown) = wanted.iter().find(|name| !names().contains(&name.as_str())) {
        eprintln!(
            "workloads: no workload '{unknown}'; there are: {}",
            names().join(" ")
        );
        return ExitCode::from(2);
    }
    let chosen: Vec<Workload> = WORKLOADS
        .into_iter()
        .filter(|workload| wanted.is_empty() || wanted.iter().any(|name| name == workload.name))
        .collect();
    match write_all(Path::new(&folder), &chosen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("workloads: {folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn names() -> Vec<&'static str> {
    WORKLOADS.iter().map(|workload| workload.name).collect()
}

/// What became of a workload.
#[derive(Default, Clone, Copy)]
struct Sum {
    files: u64,
    zipped: u64,
    counts: Counts,
}

fn write_all(folder: &Path, chosen: &[Workload]) -> io::Result<()> {
    let mut jobs = Vec::new();
    for (row, workload) in chosen.iter().enumerate() {
        let paths = workload.paths();
        if let Some(parent) = folder.join(&paths[0]).parent() {
            fs::create_dir_all(parent)?;
        }
        jobs.extend(
            paths
                .into_iter()
                .enumerate()
                .map(|(file, path)| (row, file as u64, folder.join(path))),
        );
    }
    let sums = Mutex::new(vec![Sum::default(); chosen.len()]);
    let next = AtomicUsize::new(0);
    let work = || -> io::Result<()> {
        while let Some((row, file, path)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (zipped, counts) = write_one(path, &chosen[*row], *file)?;
            if let Ok(mut sums) = sums.lock() {
                sums[*row].add(zipped, counts);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a worker panicked")))
        })
    })?;
    println!(
        "{:<10} {:>5} {:>8} {:>8} {:>9} {:>9} {:>9}  what",
        "workload", "files", "MB gzip", "MB raw", "samples", "locations", "functions"
    );
    for (workload, sum) in chosen.iter().zip(sums.into_inner().unwrap_or_default()) {
        println!("{:<10} {sum}  {}", workload.name, workload.about);
    }
    Ok(())
}

impl Sum {
    fn add(&mut self, zipped: u64, counts: Counts) {
        self.files += 1;
        self.zipped += zipped;
        self.counts.samples += counts.samples;
        self.counts.raw += counts.raw;
        self.counts.locations += counts.locations;
        self.counts.functions += counts.functions;
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (files, counts) = (self.files.max(1), self.counts);
        write!(
            f,
            "{:>5} {:>8.1} {:>8.1} {:>9} {:>9} {:>9}",
            self.files,
            self.zipped as f64 / 1e6,
            counts.raw as f64 / 1e6,
            counts.samples,
            counts.locations / files,
            counts.functions / files
        )
    }
}

/// Writes a file under another name and renames it, so that a file with its own name is whole.
fn write_one(path: &Path, workload: &Workload, file: u64) -> io::Result<(u64, Counts)> {
    let unfinished = path.with_extension("part");
    let out = GzEncoder::new(
        BufWriter::new(File::create(&unfinished)?),
        Compression::new(workload.level()),
    );
    let (out, counts) = workload.write(out, file)?;
    let mut out = out.finish()?;
    out.flush()?;
    let zipped = out.get_ref().metadata()?.len();
    fs::rename(&unfinished, path)?;
    Ok((zipped, counts))
}
