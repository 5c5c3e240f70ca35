//! Profiles to measure with: the shape of real ones, the same on every run.

use pprof_core::ids::{FunctionId, LocationId};
use pprof_core::table::{Function, Line, Location, Mapping};
use pprof_core::{Profile, ProfileBuilder};

/// How large a profile is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// As benchmarks are named.
    pub name: &'static str,
    functions: u64,
    /// Call sites of each function.
    sites: u64,
    stacks: u64,
    depth: u64,
    /// Samples of each stack, each with other labels.
    repeats: u64,
}

/// Half a minute of a command-line tool.
const SMALL: Size = Size {
    name: "small",
    functions: 300,
    sites: 3,
    stacks: 600,
    depth: 18,
    repeats: 1,
};
/// A minute of a busy service that labels its requests.
const SERVICE: Size = Size {
    name: "service",
    functions: 9_000,
    sites: 4,
    stacks: 40_000,
    depth: 34,
    repeats: 3,
};

/// The sizes that everything is measured at.
pub const SIZES: [Size; 2] = [SMALL, SERVICE];

/// Random numbers (splitmix64), from a seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Small numbers often, large ones seldom, as the functions of a program are called.
    fn skewed(&mut self, end: u64) -> u64 {
        let first = self.below(end);
        self.below(first + 1)
    }
}

impl Size {
    /// Samples of the profile.
    #[must_use]
    pub fn samples(self) -> u64 {
        self.stacks * self.repeats
    }

    /// A profile of this size; another seed gives other samples of the same program.
    #[must_use]
    pub fn profile(self, seed: u64) -> Profile {
        let mut builder = ProfileBuilder::default();
        let types = [
            builder.value_type(b"samples", b"count"),
            builder.value_type(b"cpu", b"nanoseconds"),
        ];
        builder.header.sample_types = types.to_vec();
        builder.header.period_type = builder.value_type(b"cpu", b"nanoseconds");
        builder.header.period = 10_000_000;
        builder.header.time_nanos = 1_700_000_000_000_000_000;
        builder.header.duration_nanos = 60_000_000_000;
        let locations = self.program(&mut builder);
        let mut random = Random(seed);
        let mut stack = Vec::new();
        for _ in 0..self.stacks {
            self.stack(&mut random, &locations, &mut stack);
            for _ in 0..self.repeats {
                let count = 1 + random.skewed(40) as i64;
                let request = format!("request-{}", random.skewed(200));
                let mut labels = vec![
                    builder.label(b"endpoint", request.as_bytes()),
                    builder.num_label(b"bytes", 1 << random.below(12), b"bytes"),
                ];
                labels.truncate(random.below(3) as usize);
                let values = [count, count * 10_000_000];
                builder
                    .sample(&stack, &values, &mut labels)
                    .expect("every row was added before");
            }
        }
        builder.finish()
    }

    /// Two binaries, their functions and call sites; every seventh site has an inlined call.
    fn program(self, builder: &mut ProfileBuilder) -> Vec<LocationId> {
        let mappings = [
            ("/usr/bin/service", 0x40_0000),
            ("/usr/lib/libc.so.6", 0x7f00_0000_0000),
        ]
        .map(|(file, start)| {
            let file = builder.string(file.as_bytes());
            let limit = start + 0x100_0000;
            builder.mapping(Mapping {
                start,
                limit,
                file,
                has_functions: true,
                ..Mapping::default()
            })
        });
        let functions: Vec<FunctionId> = (0..self.functions)
            .map(|number| {
                let package = number / 40;
                let name = format!(
                    "example.com/service/internal/package{package}.(*Type{}).method{number}",
                    number % 7
                );
                let file = format!("/src/service/internal/package{package}/file{}.go", number % 5);
                let name = builder.string(name.as_bytes());
                let filename = builder.string(file.as_bytes());
                builder.function(Function {
                    name,
                    system_name: name,
                    filename,
                    start_line: number as i64,
                })
            })
            .collect();
        let sites = self.functions * self.sites;
        (0..sites)
            .map(|site| {
                let function = functions[(site / self.sites) as usize];
                let line = Line {
                    function,
                    line: 10 + site as i64 % 900,
                    column: 0,
                };
                let inner = Line {
                    function: functions[(site * 31 % self.functions) as usize],
                    ..line
                };
                let lines: &[Line] = if site % 7 == 0 { &[inner, line] } else { &[line] };
                let mapping = Some(mappings[usize::from(site % 20 == 0)]);
                let location = Location {
                    mapping,
                    address: 0x40_0000 + site * 16,
                    is_folded: false,
                };
                builder
                    .location(location, lines)
                    .expect("every row was added before")
            })
            .collect()
    }

    /// A stack, leaf first: its frames near the root are few and shared, those near the leaf many.
    fn stack(self, random: &mut Random, locations: &[LocationId], stack: &mut Vec<LocationId>) {
        let depth = self.depth / 2 + random.below(self.depth);
        let count = locations.len() as u64;
        stack.clear();
        for level in 0..depth {
            let reach = (count * (level + 1) / depth).max(4);
            stack.push(locations[random.skewed(reach) as usize]);
        }
        stack.reverse();
    }
}
