use super::super::group_labels::{GroupLabel, KindLabel, LabelPart};
use super::question::Sampling;
use super::*;
use crate::ids::LocationId;
use crate::profile::ProfileBuilder;
use crate::table::{Function, Line, Location};

const LOCK: u16 = 1 | mark::PLUMBING;
const ENCODE: u16 = 2;

/// Stacks by function name, leaf first; every call of a function is at the line that its number is.
fn profile(stacks: &[(&[&str], [i64; 2])]) -> Profile {
    let mut builder = ProfileBuilder::default();
    for name in [b"count", b"delay"] {
        let value_type = builder.value_type(name, b"count");
        builder.header.sample_types.push(value_type);
    }
    for (stack, values) in stacks {
        let locations: Vec<LocationId> = stack
            .iter()
            .map(|name| {
                let function = builder.string(name.as_bytes());
                let function = builder.function(Function {
                    name: function,
                    ..Function::default()
                });
                let line = Line {
                    function,
                    line: name.len() as i64,
                    column: 0,
                };
                builder.location(Location::default(), &[line]).unwrap()
            })
            .collect();
        builder.sample(&locations, values, &mut []).unwrap();
    }
    builder.finish()
}

fn marks(profile: &Profile, of: impl Fn(&str) -> u16) -> Vec<u16> {
    let list = functions(profile, &FunctionsQuery::default()).unwrap();
    list.name.iter().map(|name| of(name)).collect()
}

fn mark_of(name: &str) -> u16 {
    match name {
        "sync.Lock" => LOCK,
        "json.Marshal" => ENCODE,
        name if name.starts_with("runtime.") => mark::PLUMBING,
        name if name.starts_with("my.") => mark::OWN,
        _ => 0,
    }
}

use super::super::{FunctionsQuery, functions};

fn example() -> Profile {
    profile(&[
        (
            &["runtime.park", "sync.Lock", "lib.Get", "my.Serve", "main"],
            [1, 50],
        ),
        (
            &["runtime.park", "sync.Lock", "lib.Get", "my.Fetch", "main"],
            [2, 20],
        ),
        (
            &["sync.Lock", "json.Marshal", "json.Marshal", "my.Serve", "main"],
            [4, 5],
        ),
        (&["json.Marshal", "main"], [8, 3]),
        (&["runtime.gc"], [16, -2]),
    ])
}

#[test]
fn every_sample_has_one_kind_and_counts_once_within_each() {
    let profile = example();
    let marks = marks(&profile, mark_of);
    let found = groups(&profile, &GroupsQuery::default(), &marks).unwrap();
    let kinds: Vec<_> = found
        .kinds
        .iter()
        .map(|kind| {
            (
                kind.kind,
                kind.first.clone(),
                kind.within.clone(),
                kind.leaf.clone(),
            )
        })
        .collect();
    let expected = [
        (0, vec![16, -2], vec![0, 0], vec![19, 68]),
        (1, vec![7, 75], vec![7, 75], vec![4, 5]),
        (2, vec![8, 3], vec![12, 8], vec![8, 3]),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        (found.totals, found.without_owner, found.samples),
        (vec![31, 76], vec![24, 1], 5)
    );
    assert_eq!(found.total, 80);
}

#[test]
fn what_a_kind_does_for_own_code_is_told_from_what_it_hosts() {
    let profile = profile(&[
        (&["json.Marshal", "my.Serve", "sync.Lock"], [1, 40]),
        (&["my.Fetch", "sync.Lock"], [2, 30]),
        (&["json.Marshal", "lib.Get"], [4, 20]),
    ]);
    let marks = marks(&profile, mark_of);
    let found = groups(&profile, &GroupsQuery::default(), &marks).unwrap();
    let below: Vec<_> = found
        .kinds
        .iter()
        .map(|kind| {
            let owners = kind.owners.iter();
            let owners: Vec<_> = owners
                .map(|part| (part.spot.function.as_str(), part.values[1]))
                .collect();
            (
                kind.kind,
                kind.within[1],
                kind.below[1],
                kind.below_samples,
                owners,
            )
        })
        .collect();
    let expected = [
        (0, 0, 0, 0, vec![]),
        (1, 70, 0, 0, vec![]),
        (2, 60, 60, 2, vec![("my.Serve", 40)]),
    ];
    assert_eq!(below, expected);
}

#[test]
fn the_site_is_the_first_frame_behind_the_kind_that_is_worth_naming() {
    let profile = example();
    let marks = marks(&profile, mark_of);
    let query = GroupsQuery {
        site: Site::Behind,
        lines: true,
        limit: 2,
        ..GroupsQuery::default()
    };
    let found = groups(&profile, &query, &marks).unwrap();
    let rows: Vec<_> = found
        .groups
        .iter()
        .map(|group| {
            let site = group.site.clone().unwrap();
            let owners: Vec<_> = group
                .owners
                .iter()
                .map(|part| (part.spot.function.clone(), part.values[1]))
                .collect();
            (
                group.kind,
                group.by.clone(),
                site.function,
                site.line,
                group.values.clone(),
                owners,
            )
        })
        .collect();
    let own = |name: &str, value| (name.to_owned(), value);
    assert_eq!(
        rows,
        [
            (
                1,
                "sync.Lock".to_owned(),
                "lib.Get".to_owned(),
                7,
                vec![3, 70],
                vec![own("my.Serve", 50), own("my.Fetch", 20)]
            ),
            (
                1,
                "sync.Lock".to_owned(),
                "my.Serve".to_owned(),
                8,
                vec![4, 5],
                vec![own("my.Serve", 5)]
            ),
        ]
    );
    assert_eq!((found.group_count, found.left_out.rows), (4, 2));
    assert_eq!(found.left_out.values, [24, 1]);
    assert_eq!(found.groups[0].stacks[0].frames[0].spot.function, "runtime.park");
    assert_eq!(found.groups[0].stack_count, 2);
}

#[test]
fn a_wrapper_replaces_the_kind_of_what_it_calls_and_who_called_the_site_is_named() {
    let profile = profile(&[
        (
            &["sync.Lock", "rw.Lock", "my.Get", "my.Get", "my.Serve", "main"],
            [1, 50],
        ),
        (&["sync.Lock", "runtime.x", "rw.Lock", "my.Get", "main"], [1, 30]),
        (&["sync.Lock"], [1, 15]),
        (&["json.Marshal", "my.Serve"], [1, 5]),
    ]);
    let marks = marks(&profile, |name| match name {
        "sync.Lock" => LOCK,
        "rw.Lock" => 3 | mark::PLUMBING | mark::WRAPS,
        name => mark_of(name),
    });
    let query = GroupsQuery {
        site: Site::Behind,
        only: vec![1, 3],
        ..GroupsQuery::default()
    };
    let found = groups(&profile, &query, &marks).unwrap();
    let rows: Vec<_> = found
        .groups
        .iter()
        .map(|group| {
            let callers = group.callers.iter();
            let callers: Vec<_> = callers.map(|part| part.spot.function.as_str()).collect();
            (group.kind, group.by.as_str(), group.values[1], callers)
        })
        .collect();
    let expected = [
        (3, "rw.Lock", 50, vec!["my.Serve"]),
        (1, "sync.Lock", 30, vec!["my.Get"]),
        (1, "sync.Lock", 15, vec![]),
    ];
    assert_eq!(rows, expected);
    assert_eq!((found.totals[1], found.left_out.values[1]), (100, 0));
    let spread = Spread {
        half: 1,
        most: 2,
        nearly_all: 3,
    };
    assert_eq!((found.group_spread, found.stack_spread), (spread, spread));
}

#[test]
fn own_code_can_be_grouped_whatever_it_called() {
    let profile = example();
    let marks = marks(&profile, mark_of);
    let query = GroupsQuery {
        site: Site::Own,
        any_kind: true,
        ..GroupsQuery::default()
    };
    let found = groups(&profile, &query, &marks).unwrap();
    let sites: Vec<_> = found
        .groups
        .iter()
        .map(|group| {
            (
                group.site.clone().map_or(String::new(), |site| site.function),
                group.values[1],
            )
        })
        .collect();
    assert_eq!(
        sites,
        [
            ("my.Serve".to_owned(), 55),
            ("my.Fetch".to_owned(), 20),
            (String::new(), 1)
        ]
    );
}

/// Kinds with the sums of their samples.
fn sums(profile: &Profile, query: &GroupsQuery, of: impl Fn(&str) -> u16) -> Vec<(u8, i64)> {
    let found = groups(profile, query, &marks(profile, of)).unwrap();
    found
        .kinds
        .iter()
        .map(|kind| (kind.kind, kind.first[0]))
        .filter(|pair| pair.1 != 0)
        .collect()
}

#[test]
fn the_kind_can_come_from_what_a_stack_is_in_or_from_the_order_of_rules() {
    let profile = profile(&[
        (
            &["runtime.park", "sync.Lock", "rw.Lock", "my.Get", "once.Do"],
            [1, 0],
        ),
        (&["my.Get", "once.Do", "sync.Lock"], [2, 0]),
        (&["runtime.park"], [4, 0]),
    ]);
    let of = |name: &str| match name {
        "sync.Lock" => 1 | mark::PLUMBING,
        "rw.Lock" => 3 | mark::PLUMBING,
        "once.Do" => 2,
        name => mark_of(name),
    };
    let query = |pick| GroupsQuery {
        pick,
        ..GroupsQuery::default()
    };
    assert_eq!(sums(&profile, &query(Pick::First), of), [(0, 4), (1, 1), (2, 2)]);
    assert_eq!(sums(&profile, &query(Pick::Leading), of), [(0, 6), (3, 1)]);
    assert_eq!(sums(&profile, &query(Pick::Least), of), [(0, 4), (1, 3)]);
}

#[test]
fn a_label_can_give_the_kind_and_groups_tell_the_values_of_others() {
    let mut builder = ProfileBuilder::default();
    let value_type = builder.value_type(b"goroutine", b"count");
    builder.header.sample_types.push(value_type);
    let function = builder.string(b"my.wait");
    let function = builder.function(Function {
        name: function,
        ..Function::default()
    });
    let line = Line {
        function,
        line: 7,
        column: 0,
    };
    let at = builder.location(Location::default(), &[line]).unwrap();
    for (count, state, minutes, tenant) in [
        (5, "select", Some(3), "a"),
        (7, "select", Some(9), "b"),
        (1, "select", None, "b"),
        (2, "running", None, "b"),
    ] {
        let mut labels = vec![
            builder.label(b"state", state.as_bytes()),
            builder.label(b"tenant", tenant.as_bytes()),
        ];
        labels.extend(minutes.map(|minutes| builder.num_label(b"age", minutes, b"minutes")));
        builder.sample(&[at], &[count], &mut labels).unwrap();
    }
    let profile = builder.finish();
    let query = GroupsQuery {
        site: Site::Behind,
        kind_label: KindLabel {
            key: "state".to_owned(),
            kinds: [("select".to_owned(), 4)].into(),
        },
        labels: ["age", "tenant", "none"].map(str::to_owned).to_vec(),
        ..GroupsQuery::default()
    };
    let found = groups(&profile, &query, &marks(&profile, mark_of)).unwrap();
    let rows: Vec<_> = found
        .groups
        .iter()
        .map(|group| {
            let site = group.site.clone().map_or(String::new(), |site| site.function);
            (group.kind, site, group.values[0], group.labels.clone())
        })
        .collect();
    let part = |value: &str, sum| LabelPart {
        value: value.to_owned(),
        sum,
    };
    let label = |key: &str, labelled, range: Option<(i64, i64)>, values: Vec<LabelPart>| GroupLabel {
        key: key.to_owned(),
        labelled,
        distinct: values.len(),
        min: range.map(|range| range.0),
        max: range.map(|range| range.1),
        values,
    };
    let expected = [
        (
            4,
            "my.wait".to_owned(),
            13,
            vec![
                label("age", 12, Some((3, 9)), vec![part("9", 7), part("3", 5)]),
                label("tenant", 13, None, vec![part("b", 8), part("a", 5)]),
            ],
        ),
        (
            0,
            "my.wait".to_owned(),
            2,
            vec![label("tenant", 2, None, vec![part("b", 2)])],
        ),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn recorded_events_are_counted_back_from_scaled_values() {
    // Two kinds of objects, as large as the period and a hundred times smaller: 1 of 1.58 and 1 of 100.5 is recorded.
    let profile = profile(&[
        (&["a", "my.Get"], [158, 158_000]),
        (&["b", "my.Get"], [-10_050, -100_500]),
        (&["c"], [0, 0]),
    ]);
    let marks = marks(&profile, mark_of);
    let query = |period| GroupsQuery {
        site: Site::Own,
        sampling: Some(Sampling {
            objects: 0,
            bytes: 1,
            period,
        }),
        ..GroupsQuery::default()
    };
    let events = |period| groups(&profile, &query(period), &marks).unwrap().groups[0].events;
    assert!((events(1000.0) - 200.0).abs() < 0.5);
    assert!((events(1.0) - 10_208.0).abs() < 0.5);
    let mut wrong = query(1.0);
    wrong.sampling.as_mut().unwrap().bytes = 2;
    assert!(groups(&profile, &wrong, &marks).is_err());
}

#[test]
fn an_empty_profile_has_no_groups_and_marks_of_another_are_refused() {
    let empty = profile(&[]);
    let found = groups(&empty, &GroupsQuery::default(), &[]).unwrap();
    assert_eq!((found.groups.len(), found.totals), (0, vec![0, 0]));
    assert!(groups(&example(), &GroupsQuery::default(), &[0]).is_err());
}
