#![no_main]

mod limits;

use libfuzzer_sys::fuzz_target;
use pprof_core::aggregate::trim::Trim;
use pprof_core::aggregate::{GraphBuilder, GraphOptions, SampleValue, total};
use pprof_core::combine::merge;
use pprof_core::view::{FilterSpec, Granularity, Matched, View};
use pprof_core::wire::decode;

fuzz_target!(|bytes: &[u8]| {
    let Ok(profile) = decode(bytes, &limits::limits()) else {
        return;
    };
    for row in 0..profile.samples.len() {
        assert!(profile.samples.stack[row].index() < profile.stacks.len());
        assert!(profile.samples.label_set[row].index() < profile.label_sets.len());
    }
    if profile.samples.len() > 500 || profile.stacks.byte_len() > 20_000 {
        return;
    }
    let Ok(index) = profile.sample_index("") else {
        return;
    };
    let spec = FilterSpec {
        hide: "^a".to_owned(),
        tagfocus: ":1mb".to_owned(),
        prune_from: "main".to_owned(),
        tagroot: "thread".to_owned(),
        ..FilterSpec::default()
    };
    for (granularity, call_tree) in [(Granularity::Functions, false), (Granularity::Addresses, true)] {
        let mut view = View::new(&profile);
        let mut matched = Matched::default();
        let units = view.num_label_units();
        spec.add_label_frames(&mut view, "minimum", &mut matched);
        spec.apply(&mut view, &units, &mut matched)
            .expect("these expressions compile");
        view.aggregate(granularity, call_tree, false);
        let value = SampleValue {
            index,
            divisor: call_tree.then_some(0),
        };
        std::hint::black_box(total(&view, value));
        let options = GraphOptions {
            call_tree,
            ..GraphOptions::plain(value)
        };
        let trim = Trim {
            nodecount: 10,
            nodefraction: 0.01,
            edgefraction: 0.01,
            cum_sort: false,
            visual: call_tree,
        };
        let trimmed = GraphBuilder::new(&view, options).trimmed(&trim);
        assert!(trimmed.graph.order.len() <= 10);
    }
    merge(&[&profile, &profile]).expect("a profile goes together with itself");
});
