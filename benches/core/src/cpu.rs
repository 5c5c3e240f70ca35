//! CPU profiles of several shapes.

use crate::program::Program;
use crate::random::{Random, mix};
use crate::writer::{Counts, Header, Label, Layout, Style, Writer};
use std::io::{self, Write};

const HEADER: Header = Header {
    sample_types: &[("samples", "count"), ("cpu", "nanoseconds")],
    period_type: ("cpu", "nanoseconds"),
    period: PERIOD,
    time_nanos: 1_770_000_000_000_000_000,
    duration_nanos: 60_000_000_000,
};
/// Nanoseconds between two samples: Go's 100 Hz.
const PERIOD: i64 = 10_000_000;
const ENDPOINTS: [&str; 24] = [
    "GET /",
    "GET /search",
    "GET /quote",
    "GET /cart",
    "POST /cart",
    "DELETE /cart/{id}",
    "POST /checkout",
    "GET /orders",
    "GET /orders/{id}",
    "POST /orders/{id}/refund",
    "GET /catalog",
    "GET /catalog/{id}",
    "GET /price",
    "PUT /price",
    "GET /stock",
    "PUT /stock",
    "POST /login",
    "POST /logout",
    "GET /invoice/{id}",
    "POST /coupon",
    "GET /healthz",
    "GET /metrics",
    "POST /webhook",
    "GET /admin/audit",
];
const STEPS: [&str; 6] = ["parse", "authorize", "load", "compute", "render", "store"];
const PLANS: [&str; 3] = ["free", "team", "enterprise"];

/// Which labels samples have; the number is that of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels {
    /// None.
    None = 0,
    /// Endpoint and step.
    Few = 2,
    /// Endpoint and step, which follow from where the process is, and one of three plans.
    Steady = 3,
    /// Those, tenant, a span id that a handful of samples share, its root span, and a number of bytes.
    Spans = 6,
}

/// What a process was at when a sample was taken.
struct Request {
    endpoint: &'static str,
    step: &'static str,
    tenant: String,
    span: String,
    root: String,
    bytes: i64,
}

impl Request {
    /// One of four that run at a time; each is met about ten times.
    fn new(process: u64, sample: u64, random: &mut Random) -> Self {
        let number = sample / 40 * 4 + random.below(4);
        let mut traits = Random::of(process, number);
        let step = random.skewed(STEPS.len() as u64);
        let root = traits.bits();
        Self {
            endpoint: ENDPOINTS[traits.skewed(ENDPOINTS.len() as u64) as usize],
            step: STEPS[step as usize],
            tenant: format!("tenant-{}", traits.skewed(400)),
            span: mix(root ^ step).to_string(),
            root: root.to_string(),
            bytes: 64 << traits.below(12),
        }
    }

    fn labels(&self) -> [Label<'_>; 6] {
        [
            Label::Text("endpoint", self.endpoint),
            Label::Text("step", self.step),
            Label::Text("tenant", &self.tenant),
            Label::Text("span id", &self.span),
            Label::Text("local root span id", &self.root),
            Label::Number("bytes", self.bytes, "bytes"),
        ]
    }
}

/// Labels that follow from the number of a stack: an endpoint has its own ways, and most of its work is for one plan.
fn steady(stack: u64, random: &mut Random) -> [Label<'static>; 3] {
    let mut traits = Random::new(stack / 8);
    let endpoint = traits.skewed(ENDPOINTS.len() as u64);
    let step = traits.below(STEPS.len() as u64);
    let plan = if random.below(10) == 0 {
        random.below(3)
    } else {
        traits.skewed(3)
    };
    [
        Label::Text("endpoint", ENDPOINTS[endpoint as usize]),
        Label::Text("step", STEPS[step as usize]),
        Label::Text("plan", PLANS[plan as usize]),
    ]
}

/// A shape of CPU profile.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    /// What is running.
    pub program: Program,
    /// Samples in a profile.
    pub samples: u64,
    /// Fewest and most frames of a stack.
    pub depth: (u64, u64),
    /// Stacks that are common to all processes.
    pub common: u64,
    /// Samples of a hundred that are at one of those; the rest are at stacks of their own.
    pub common_share: u64,
    /// Labels.
    pub labels: Labels,
    /// Order of messages.
    pub layout: Layout,
}

impl Cpu {
    /// The CPU profile of one process.
    ///
    /// # Errors
    ///
    /// Whatever is below does not take the bytes.
    pub fn write<W: Write>(&self, out: W, process: u64) -> io::Result<(W, Counts)> {
        let mut random = Random::of(self.program.seed ^ 1, process);
        let header = Header {
            time_nanos: HEADER.time_nanos + process as i64 * 60_000_000_321,
            ..HEADER
        };
        let style = Style::of(self.layout, random.below(1 << 20) << 12);
        let mut writer = Writer::new(out, self.program, style, header);
        let mut stack = Vec::new();
        for sample in 0..self.samples {
            let number = if random.below(100) < self.common_share {
                random.skewed(self.common)
            } else {
                random.bits()
            };
            self.program.stack(number, self.depth, &mut stack);
            let count = 1 + (random.skewed(64) * random.below(2)) as i64;
            let values = [count, count * PERIOD];
            if self.labels == Labels::Steady {
                writer.sample(&stack, &values, &steady(number, &mut random))?;
            } else {
                let request = Request::new(process, sample, &mut random);
                writer.sample(&stack, &values, &request.labels()[..self.labels as usize])?;
            }
        }
        writer.finish()
    }
}
