//! A made-up program: functions that call each other, the same for every process that runs it.
//!
//! Nothing is stored: what a call site is, and what it calls, follows from its number.

use crate::random::{Random, mix, scaled};

/// A call site of a [`Program`], from 0 to [`Program::sites`].
pub type Site = u32;

/// How a program is built.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Another number is another program.
    pub seed: u64,
    /// Functions it has.
    pub functions: u32,
    /// Call sites in each function.
    pub sites_each: u32,
    /// Functions that a call site may call, where there is a choice.
    pub callees: u32,
    /// Functions of a hundred with a choice of what to call next; in the others every stack goes the same way.
    pub forks: u64,
    /// Locations of a hundred that have an inlined call; as many of those have another.
    pub inlined: u64,
}

/// A binary that functions are in.
#[derive(Debug, Clone, Copy)]
pub struct Binary {
    /// Path.
    pub file: &'static str,
    /// Build id, if it has one.
    pub build_id: &'static str,
    /// Where it is loaded; a library somewhere else in each process.
    pub start: u64,
    /// Bytes of it that are mapped.
    pub size: u64,
    /// Offset of those in the file.
    pub offset: u64,
}

/// The binaries of every program; the first is the program itself.
pub const BINARIES: [Binary; 4] = [
    Binary {
        file: "/srv/shop/bin/checkout",
        build_id: "5b1d0ce4f4e24ab0",
        start: 0x40_0000,
        size: 0x400_0000,
        offset: 0,
    },
    Binary {
        file: "/usr/lib/x86_64-linux-gnu/libc.so.6",
        build_id: "c6b9d7a1e0f32f40",
        start: 0x7f10_0000_0000,
        size: 0x18_0000,
        offset: 0x2_8000,
    },
    Binary {
        file: "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
        build_id: "",
        start: 0x7f20_0000_0000,
        size: 0x30_0000,
        offset: 0xb_0000,
    },
    Binary {
        file: "[vdso]",
        build_id: "",
        start: 0x7ffd_0000_0000,
        size: 0x2000,
        offset: 0,
    },
];

const WORDS: [&str; 32] = [
    "cart",
    "ledger",
    "search",
    "render",
    "session",
    "pricing",
    "quote",
    "catalog",
    "inventory",
    "notify",
    "queue",
    "tenant",
    "invoice",
    "shipping",
    "address",
    "payment",
    "refund",
    "coupon",
    "index",
    "token",
    "stream",
    "cache",
    "shard",
    "replica",
    "schema",
    "codec",
    "metric",
    "trace",
    "policy",
    "router",
    "worker",
    "batch",
];
const VERBS: [&str; 16] = [
    "Get", "Put", "Load", "Store", "Encode", "Decode", "Walk", "Merge", "Apply", "Check", "Resolve", "Build",
    "Flush", "Scan", "Handle", "Update",
];

fn word(bits: u64) -> &'static str {
    WORDS[(bits % WORDS.len() as u64) as usize]
}

impl Program {
    /// Call sites it has.
    #[must_use]
    pub fn sites(&self) -> u32 {
        self.functions * self.sites_each
    }

    /// The function that a call site is in.
    #[must_use]
    pub fn function(&self, site: Site) -> u32 {
        site / self.sites_each
    }

    /// The functions that are compiled into this site, innermost first; at most six.
    #[must_use]
    pub fn inlined(&self, site: Site) -> impl DoubleEndedIterator<Item = u32> {
        let &Self {
            seed,
            functions,
            inlined,
            ..
        } = self;
        let bits = mix(seed ^ u64::from(site) ^ 0x1111);
        let count = (1..=6)
            .take_while(|level| mix(bits ^ level) % 100 < inlined)
            .count() as u64;
        (0..count).map(move |level| scaled(mix(bits + level), functions.into()) as u32)
    }

    /// The binary of a function, as an index of [`BINARIES`]: nearly always the program itself.
    #[must_use]
    pub fn binary(&self, function: u32) -> usize {
        match function % 50 {
            20 => 1,
            30 => 2,
            40 if function % 1000 == 40 => 3,
            _ => 0,
        }
    }

    /// Bytes from the start of its binary to a call site.
    #[must_use]
    pub fn offset(&self, site: Site) -> u64 {
        let size = BINARIES[self.binary(self.function(site))].size;
        // Sites of one function lie close together; functions fill the binary.
        size / 64 + (u64::from(site) * 61 + mix(u64::from(site)) % 32) % (size - size / 64)
    }

    /// The line of a call site, or of a call inlined there.
    #[must_use]
    pub fn line(&self, site: Site, function: u32) -> i64 {
        self.start_line(function) + 1 + (mix(u64::from(site) << 1) % 60) as i64
    }

    /// The line that a function begins at.
    #[must_use]
    pub fn start_line(&self, function: u32) -> i64 {
        12 + i64::from(function % 37) * 24
    }

    /// The name of a function, as Go writes it.
    #[must_use]
    pub fn name(&self, function: u32) -> String {
        let bits = mix(self.seed ^ (u64::from(function) << 8));
        let (package, kind) = (self.package(function), word(bits));
        let verb = VERBS[(bits >> 8) as usize % VERBS.len()];
        match bits >> 16 & 7 {
            0 => format!("{package}.{verb}{kind}{function}"),
            1 => format!("{package}.(*{kind}).{verb}{function}.func1"),
            _ => format!("{package}.(*{kind}).{verb}{function}"),
        }
    }

    /// The source file of a function.
    #[must_use]
    pub fn file(&self, function: u32) -> String {
        let bits = mix(self.seed ^ u64::from(function / 8) ^ 0x2222);
        format!("/srv/build/{}/{}.go", self.package(function), word(bits))
    }

    /// Forty functions in a row share a package.
    fn package(&self, function: u32) -> String {
        let number = function / 40;
        let bits = mix(self.seed ^ u64::from(number) ^ 0x3333);
        format!(
            "example.com/shop/internal/{}/{}{number}",
            word(bits),
            word(bits >> 8)
        )
    }

    /// The stack of a number, leaf first: the way from one of few roots, by calls of which some are frequent.
    ///
    /// Eight numbers in a row are one way for half their length, as the work of one request is.
    pub fn stack(&self, number: u64, (fewest, most): (u64, u64), stack: &mut Vec<Site>) {
        let mut shared = Random::of(self.seed ^ 0x6666, number / 8);
        let mut own = Random::of(self.seed ^ 0x7777, number);
        stack.clear();
        let mut function = shared.skewed(16) as u32;
        let depth = fewest + shared.below(most - fewest + 1);
        for level in 0..depth {
            let random = if level < depth / 2 { &mut shared } else { &mut own };
            let is_fork = mix(self.seed ^ u64::from(function) ^ 0x4444) % 100 < self.forks;
            let mut choose = |end: u32| {
                if is_fork {
                    random.skewed(end.into()) as u32
                } else {
                    0
                }
            };
            let site = function * self.sites_each + choose(self.sites_each);
            stack.push(site);
            function = self.callee(site, choose(self.callees));
        }
        stack.reverse();
    }

    /// What a site calls: something of the layers below, or one call in ten a helper that everyone calls.
    fn callee(&self, site: Site, choice: u32) -> u32 {
        let bits = mix(self.seed ^ (u64::from(site) << 16) ^ u64::from(choice) ^ 0x5555);
        if bits.is_multiple_of(10) {
            return scaled(mix(bits), u64::from(self.functions) / 20) as u32;
        }
        let below = 1 + scaled(mix(bits), u64::from(self.functions) / 8) as u32;
        (self.function(site) + below) % self.functions
    }
}
