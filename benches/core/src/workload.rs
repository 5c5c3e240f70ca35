//! The workloads by name.

use crate::cpu::{Cpu, Labels};
use crate::program::Program;
use crate::writer::{Counts, Layout};
use crate::{heap, hostile};
use std::io::{self, Write};

/// What a file holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Heap,
    Cpu(Cpu),
    Hostile,
}

/// One file, or a folder of them.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Name of the folder, or of the file less its ending.
    pub name: &'static str,
    /// What it stands for.
    pub about: &'static str,
    /// Files in the folder; `None` when it is a file.
    pub files: Option<u64>,
    kind: Kind,
}

/// Every workload, the longest to write first.
pub const WORKLOADS: [Workload; 9] = [
    Workload {
        name: "huge",
        about: "one profile of 300 MB",
        files: None,
        kind: Kind::Cpu(Cpu {
            program: Program {
                seed: 0x6875_6765,
                functions: 60_000,
                sites_each: 2,
                callees: 4,
                forks: 14,
                inlined: 17,
            },
            samples: 8_500_000,
            depth: (15, 60),
            common: 400_000,
            common_share: 95,
            labels: Labels::Few,
            layout: Layout::Tables,
        }),
    },
    Workload {
        name: "heap2000",
        about: "ten times the files of heap, of the same service",
        files: Some(2_000),
        kind: Kind::Heap,
    },
    Workload {
        name: "heap",
        about: "200 heap profiles of one service",
        files: Some(200),
        kind: Kind::Heap,
    },
    Workload {
        name: "labelled",
        about: "200 labelled CPU profiles",
        files: Some(200),
        kind: Kind::Cpu(Cpu {
            program: Program {
                seed: 0x6c61_6265,
                functions: 1_500,
                sites_each: 2,
                callees: 3,
                forks: 28,
                inlined: 17,
            },
            samples: 2_750,
            depth: (12, 44),
            common: 20_000,
            common_share: 95,
            labels: Labels::Steady,
            layout: Layout::Interleaved,
        }),
    },
    Workload {
        name: "spans",
        about: "200 CPU profiles of a traced service: nearly every sample has a span of its own",
        files: Some(200),
        kind: Kind::Cpu(Cpu {
            program: Program {
                seed: 0x6c61_6265,
                functions: 1_500,
                sites_each: 2,
                callees: 3,
                forks: 28,
                inlined: 17,
            },
            samples: 1_750,
            depth: (12, 44),
            common: 20_000,
            common_share: 95,
            labels: Labels::Spans,
            layout: Layout::Interleaved,
        }),
    },
    Workload {
        name: "locations",
        about: "40 large CPU profiles of 20 000 locations each",
        files: Some(40),
        kind: Kind::Cpu(Cpu {
            program: Program {
                seed: 0x6c6f_6361,
                functions: 12_000,
                sites_each: 2,
                callees: 16,
                forks: 90,
                inlined: 75,
            },
            samples: 8_300,
            depth: (8, 32),
            common: 20_000,
            common_share: 97,
            labels: Labels::None,
            layout: Layout::Tables,
        }),
    },
    Workload {
        name: "one15",
        about: "one profile of 200 000 samples and 20 000 functions",
        files: None,
        kind: Kind::Cpu(Cpu {
            program: Program {
                seed: 0x6f6e_6515,
                functions: 20_000,
                sites_each: 4,
                callees: 8,
                forks: 80,
                inlined: 17,
            },
            samples: 200_000,
            depth: (10, 50),
            common: 20_000,
            common_share: 10,
            labels: Labels::Few,
            layout: Layout::Tables,
        }),
    },
    Workload {
        name: "one1",
        about: "one profile of 1.2 MB",
        files: None,
        kind: Kind::Cpu(Cpu {
            program: Program {
                seed: 0x6f6e_6501,
                functions: 5_000,
                sites_each: 3,
                callees: 5,
                forks: 60,
                inlined: 17,
            },
            samples: 31_000,
            depth: (8, 40),
            common: 8_000,
            common_share: 30,
            labels: Labels::None,
            layout: Layout::Tables,
        }),
    },
    Workload {
        name: "hostile",
        about: "small profiles, each unusual in another way",
        files: Some(400),
        kind: Kind::Hostile,
    },
];

impl Workload {
    /// Writes a file of it, uncompressed.
    ///
    /// # Errors
    ///
    /// Whatever is below does not take the bytes.
    pub fn write<W: Write>(&self, out: W, file: u64) -> io::Result<(W, Counts)> {
        match self.kind {
            Kind::Heap => heap::write(out, file),
            Kind::Cpu(cpu) => cpu.write(out, file),
            Kind::Hostile => hostile::write(out, file),
        }
    }

    /// The gzip level of what writes such profiles: Go's runtime takes the fastest, google/pprof the usual one.
    #[must_use]
    pub fn level(&self) -> u32 {
        match self.kind {
            Kind::Heap | Kind::Hostile => 1,
            Kind::Cpu(cpu) if cpu.layout == Layout::Interleaved => 1,
            Kind::Cpu(_) => 6,
        }
    }

    /// The paths of its files, below a folder.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.files.map_or_else(
            || vec![format!("{}.pb.gz", self.name)],
            |files| {
                (0..files)
                    .map(|file| format!("{}/{file:04}.pb.gz", self.name))
                    .collect()
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::decode;

    #[test]
    fn a_workload_is_the_same_bytes_each_time_and_holds_what_it_says() {
        let mut examined = 0;
        for workload in WORKLOADS.iter().filter(|workload| workload.files.is_some()) {
            for file in [0, 3, 7] {
                let (bytes, counts) = workload.write(Vec::new(), file).unwrap();
                assert_eq!(workload.write(Vec::new(), file).unwrap(), (bytes.clone(), counts));
                assert_ne!(workload.write(Vec::new(), file + 1).unwrap().0, bytes);
                assert_eq!(counts.raw, bytes.len() as u64);
                let profile = decode(&bytes);
                let rows = (
                    profile.samples.len(),
                    profile.locations.len(),
                    profile.functions.len(),
                );
                let told = (counts.samples, counts.locations, counts.functions);
                assert_eq!(
                    (rows.0 as u64, rows.1 as u64, rows.2 as u64),
                    told,
                    "{}",
                    workload.name
                );
                examined += 1;
            }
        }
        assert_eq!(examined, 18);
    }
}
