//! The crate against a model that shares nothing with it: strings instead of ids, one sample after the other.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets a surprise should stop"
)]

#[path = "model/filters.rs"]
mod filters;
#[path = "model/graph.rs"]
mod graph;
#[path = "model/merged.rs"]
mod merged;
#[path = "model/naive.rs"]
mod naive;
#[path = "model/random.rs"]
mod random;

use graph::{Counting, Edge, Graph, Node, Place};
use naive::{Label, Line, Location, Mapping, Profile, Sample};
use pprof_core::aggregate::{self, GraphBuilder, GraphOptions, NodeId, SampleValue, total, trim::Trim};
use pprof_core::combine::{DiffMode, diff, merge};
use pprof_core::ids::StringId;
use pprof_core::table::LabelValue;
use pprof_core::view::{FilterSpec, Granularity, Matched, View};
use proptest::prelude::*;
use proptest::sample::select;

// ---------------------------------------------------------------------------------------------- random options

/// An expression on names; mostly none.
fn expression() -> impl Strategy<Value = String> {
    let given = select(vec![
        "run",
        "main|work",
        "alloc",
        "go$",
        "libc",
        "app",
        "lib",
        "sort",
        "nowhere",
        ".",
    ]);
    prop_oneof![3 => Just(String::new()), 2 => given.prop_map(str::to_owned)]
}

fn tag_expression() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => select(filters::TAG_EXPRESSIONS.to_vec()).prop_map(str::to_owned)]
}

fn tag_name() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => select(vec!["thread", "bytes|zone", "nowhere"]).prop_map(str::to_owned)]
}

fn granularity() -> impl Strategy<Value = Granularity> {
    select(Granularity::NAMES.to_vec()).prop_map(|name| name.parse().unwrap())
}

prop_compose! {
    fn spec()(
        (focus, ignore, hide, show) in (expression(), expression(), expression(), expression()),
        (show_from, prune_from) in (expression(), expression()),
        (tagfocus, tagignore, tagshow, taghide) in (tag_expression(), tag_expression(), tag_name(), tag_name()),
        granularity in granularity(),
        (noinlines, showcolumns) in any::<(bool, bool)>(),
    ) -> FilterSpec {
        FilterSpec {
            focus, ignore, hide, show, show_from, prune_from, tagfocus, tagignore, tagshow, taghide, granularity,
            noinlines, showcolumns, ..FilterSpec::default()
        }
    }
}

/// A report on two in three samples: few filters at once, so that something is left to count.
fn gentle_spec() -> impl Strategy<Value = FilterSpec> {
    (granularity(), any::<(bool, bool)>(), expression()).prop_map(
        |(granularity, (noinlines, showcolumns), hide)| FilterSpec {
            granularity,
            noinlines,
            showcolumns,
            hide,
            ..FilterSpec::default()
        },
    )
}

fn counting() -> impl Strategy<Value = Counting> {
    (0..2usize, any::<(bool, bool)>()).prop_map(|(index, (mean, drop_negative))| Counting {
        index,
        mean,
        drop_negative,
    })
}

// ------------------------------------------------------------------------------------- the crate's answers as text

/// The samples of a view, every id resolved.
fn samples(view: &View<'_>) -> Vec<Sample> {
    let text = |id: StringId| view.strings().text(id).into_owned();
    view.samples()
        .map(|sample| Sample {
            stack: view
                .stacks()
                .frames(sample.stack)
                .map(|id| {
                    let location = view.locations().get(id);
                    let lines = view.locations().lines(id).iter().map(|line| {
                        let function = view.functions().get(line.function);
                        Line {
                            name: text(function.name),
                            file: text(function.filename),
                            start_line: function.start_line,
                            line: line.line,
                            column: line.column,
                        }
                    });
                    let mapping = location.mapping.map(|mapping| {
                        let mapping = view.mappings().get(mapping);
                        Mapping {
                            start: mapping.start,
                            limit: mapping.limit,
                            offset: mapping.offset,
                            file: text(mapping.file),
                            build_id: text(mapping.build_id),
                        }
                    });
                    Location {
                        row: id.index(),
                        mapping,
                        address: location.address,
                        lines: lines.collect(),
                    }
                })
                .collect(),
            values: view
                .values()
                .iter()
                .map(|column| column[sample.row as usize])
                .collect(),
            labels: view
                .label_sets()
                .get(sample.label_set)
                .iter()
                .map(|label| match label.value {
                    LabelValue::Str(value) => Label::Text(text(label.key), text(value)),
                    LabelValue::Num(value, unit) => Label::Number(text(label.key), value, text(unit)),
                })
                .collect(),
        })
        .collect()
}

fn weight(weight: aggregate::Weight) -> graph::Weight {
    [weight.value, weight.divisor]
}

/// A graph of the crate by the names of its places.
fn named<K: Ord + Clone>(graph: &aggregate::Graph, key: impl Fn(NodeId) -> K) -> Graph<K> {
    let mut named = Graph::default();
    for &id in &graph.order {
        let node = &graph.nodes[id];
        let twice = named.nodes.insert(
            key(id),
            Node {
                flat: weight(node.flat),
                cum: weight(node.cum),
            },
        );
        assert_eq!(twice, None, "two nodes of one name");
        for &edge in node.ins.iter().chain(&node.outs) {
            let edge = &graph.edges[edge];
            let value = Edge {
                weight: weight(edge.weight),
                residual: edge.residual,
                inline: edge.inline,
            };
            let other = named.edges.insert((key(edge.src), key(edge.dest)), value);
            assert!(
                other.is_none_or(|other| other == value),
                "two edges between the same nodes"
            );
        }
    }
    named
}

fn place(builder: &GraphBuilder<'_, '_, '_>, info: aggregate::NodeInfo) -> Place {
    let text = |id: StringId| builder.view().strings().text(id).into_owned();
    Place {
        name: text(info.name),
        address: info.address,
        file: builder.files().text(info.file).into_owned(),
        start_line: info.start_line,
        line: info.line,
        column: info.column,
        binary: text(info.objfile),
    }
}

fn options(counting: Counting, call_tree: bool) -> GraphOptions<'static> {
    let value = SampleValue {
        index: counting.index,
        divisor: counting.mean.then_some(0),
    };
    GraphOptions {
        drop_negative: counting.drop_negative,
        call_tree,
        ..GraphOptions::plain(value)
    }
}

/// Applies everything to both; gives what the crate says matched nothing.
fn filtered(view: &mut View<'_>, naive: &mut Profile, spec: &FilterSpec) -> [Vec<&'static str>; 2] {
    filters::drop_frames(naive);
    let mut matched = Matched::default();
    let units = view.num_label_units();
    spec.apply(view, &units, &mut matched).unwrap();
    let nothing = filters::apply(naive, spec);
    [matched.nothing, nothing]
}

// ---------------------------------------------------------------------------------------------------- the laws

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn loading_keeps_every_sample(naive in random::profile()) {
        let profile = random::columns(&naive);
        prop_assert_eq!(samples(&View::all(&profile)), naive.samples);
    }

    #[test]
    fn filters_leave_the_samples_that_the_model_leaves(naive in random::profile(), spec in spec()) {
        let profile = random::columns(&naive);
        let mut naive = naive;
        let mut view = View::new(&profile);
        let [nothing, wanted] = filtered(&mut view, &mut naive, &spec);
        prop_assert_eq!(nothing, wanted);
        prop_assert_eq!(samples(&view), &naive.samples[..]);
        for index in 0..2 {
            for mean in [false, true] {
                prop_assert_eq!(total(&view, SampleValue { index, divisor: mean.then_some(0) }), naive.total(index, mean));
            }
        }
        spec.aggregate(&mut view);
        filters::aggregate(&mut naive, &spec);
        prop_assert_eq!(samples(&view), &naive.samples[..]);
        let profile = view.to_profile();
        prop_assert_eq!(samples(&View::all(&profile)), &naive.samples[..]);
    }

    #[test]
    fn graphs_count_what_the_model_counts(
        naive in random::profile(),
        spec in gentle_spec(),
        counting in counting(),
        kept in any::<u64>(),
    ) {
        let profile = random::columns(&naive);
        let mut naive = naive;
        let mut view = View::new(&profile);
        filtered(&mut view, &mut naive, &spec);
        spec.aggregate(&mut view);
        filters::aggregate(&mut naive, &spec);
        let builder = GraphBuilder::new(&view, options(counting, false));
        let whole = builder.build(None).unwrap();
        let by_place = |graph: &aggregate::Graph| named(graph, |id| place(&builder, graph.nodes[id].info));
        prop_assert_eq!(by_place(&whole), graph::build(&naive, counting, None, |_, place| place));
        // Any choice of nodes: node n stays if bit n of the random number is set.
        let rows: Vec<bool> = (0..whole.nodes.len()).map(|row| kept >> (row % 64) & 1 == 1).collect();
        let places = whole.nodes.iter().zip(&rows).filter(|(_, kept)| **kept);
        let places = places.map(|(node, _)| place(&builder, node.info)).collect();
        let some = builder.build(Some(&rows)).unwrap();
        prop_assert_eq!(by_place(&some), graph::build(&naive, counting, Some(&places), |_, place| place));
    }

    #[test]
    fn call_trees_count_what_the_model_counts(
        naive in random::profile(),
        spec in gentle_spec(),
        counting in counting(),
    ) {
        let profile = random::columns(&naive);
        let mut naive = naive;
        let mut view = View::new(&profile);
        filtered(&mut view, &mut naive, &spec);
        spec.aggregate(&mut view);
        filters::aggregate(&mut naive, &spec);
        let builder = GraphBuilder::new(&view, options(counting, true));
        let tree = builder.build(None).unwrap();
        let path = |id: NodeId| {
            let mut path = vec![place(&builder, tree.nodes[id].info)];
            let mut at = id;
            while let Some(&edge) = tree.nodes[at].ins.first() {
                at = tree.edges[edge].src;
                path.push(place(&builder, tree.nodes[at].info));
            }
            path.reverse();
            path
        };
        let longer = |caller: Option<&Vec<Place>>, place: Place| {
            let mut path = caller.cloned().unwrap_or_default();
            path.push(place);
            path
        };
        prop_assert_eq!(named(&tree, path), graph::build(&naive, counting, None, longer));
    }

    #[test]
    fn trimming_shows_what_the_model_shows(
        naive in random::profile(),
        spec in gentle_spec(),
        counting in counting(),
        nodecount in 0..6usize,
        (nodefraction, edgefraction) in (select(vec![0.0, 0.005, 0.1, 0.4]), select(vec![0.0, 0.1, 0.5])),
        cum_sort in any::<bool>(),
    ) {
        let profile = random::columns(&naive);
        let mut naive = naive;
        let mut view = View::new(&profile);
        filtered(&mut view, &mut naive, &spec);
        spec.aggregate(&mut view);
        filters::aggregate(&mut naive, &spec);
        let builder = GraphBuilder::new(&view, options(counting, false));
        let trim = Trim { nodecount, nodefraction, edgefraction, cum_sort, visual: false };
        let trimmed = builder.trimmed(&trim).unwrap();
        let key = |id: NodeId| place(&builder, trimmed.graph.nodes[id].info);
        let shown = graph::Shown {
            order: trimmed.graph.order.iter().map(|&id| key(id)).collect(),
            graph: named(&trimmed.graph, key),
            orig_count: trimmed.orig_count,
            dropped_nodes: trimmed.dropped_nodes,
            dropped_edges: trimmed.dropped_edges,
        };
        prop_assert_eq!(shown, graph::trim(&naive, counting, &trim));
    }

    #[test]
    fn merging_adds_what_looks_the_same(parts in proptest::collection::vec(random::profile(), 1..4)) {
        let profiles: Vec<_> = parts.iter().map(random::columns).collect();
        let merged = merge(&profiles.iter().collect::<Vec<_>>()).unwrap();
        let wanted: Vec<_> = parts.iter().flat_map(|part| &part.samples).cloned().collect();
        prop_assert_eq!(merged::alike(samples(&View::all(&merged))), merged::added(wanted));
        let again = merge(&[&merged]).unwrap();
        prop_assert_eq!(samples(&View::all(&again)), samples(&View::all(&merged)));
    }

    #[test]
    fn a_difference_is_one_profile_minus_the_other(one in random::profile(), other in random::profile()) {
        let (profile, base) = (random::columns(&one), random::columns(&other));
        for mode in [DiffMode::Base, DiffMode::DiffBase] {
            let difference = diff(&profile, &base, mode, false).unwrap();
            let mut wanted = one.samples.clone();
            wanted.extend(other.samples.iter().cloned().map(|sample| merged::negated(sample, mode)));
            prop_assert_eq!(merged::alike(samples(&View::all(&difference))), merged::added(wanted));
        }
        let nothing = diff(&profile, &profile, DiffMode::Base, false).unwrap();
        prop_assert_eq!(nothing.samples.len(), 0);
    }
}
