use super::*;
use crate::profile::ProfileBuilder;
use crate::summary::{FunctionsQuery, functions};
use crate::table::{Function, Location};

/// Stacks by function name, root first, a line behind a colon.
fn profile(stacks: &[(&str, i64)]) -> Profile {
    let mut builder = ProfileBuilder::default();
    let value_type = builder.value_type(b"cpu", b"nanoseconds");
    builder.header.sample_types.push(value_type);
    for (stack, value) in stacks {
        let mut locations = Vec::new();
        for frame in stack.split(' ').rev() {
            let (name, line) = frame.split_once(':').unwrap_or((frame, "1"));
            let name = builder.string(name.as_bytes());
            let function = builder.function(Function {
                name,
                ..Function::default()
            });
            let line = Line {
                function,
                line: line.parse().unwrap(),
                column: 0,
            };
            locations.push(builder.location(Location::default(), &[line]).unwrap());
        }
        builder.sample(&locations, &[*value], &mut []).unwrap();
    }
    builder.finish()
}

/// `my.` is own, `json.` is of kind 2, and `my.f.func1` stands for `my.f`.
fn ask(profile: &Profile, query: &StorylinesQuery) -> (Storylines, Vec<String>) {
    let names = functions(profile, &FunctionsQuery::default()).unwrap().name;
    let of = |name: &String| match name.split('.').next() {
        Some("my") => mark::OWN,
        Some("json") => 2,
        _ => 0,
    };
    let marks: Vec<u16> = names.iter().map(of).collect();
    let stands = |name: &String| name.split(".func").next().unwrap().to_owned();
    let folds: Vec<u32> = names
        .iter()
        .map(|name| names.iter().position(|other| *other == stands(name)).unwrap() as u32)
        .collect();
    (storylines(profile, query, &marks, &folds).unwrap(), names)
}

fn ways(found: &(Storylines, Vec<String>)) -> Vec<(String, i64)> {
    let name = |step: &Step| found.1[step.function as usize].clone();
    let way = |one: &Storyline| one.steps.iter().map(name).collect::<Vec<_>>().join(" ");
    found
        .0
        .storylines
        .iter()
        .map(|one| (way(one), one.value))
        .collect()
}

#[test]
fn ways_are_disjoint_and_own_frames_alone_are_on_them() {
    let profile = profile(&[
        (
            "http.serve my.serve http.next my.quote:7 json.Encode json.grow",
            50,
        ),
        ("http.serve my.serve http.next my.quote:8", 10),
        ("http.serve my.serve http.next my.search my.walk", 30),
        ("gc.work", 10),
    ]);
    let found = ask(&profile, &StorylinesQuery::default());
    assert_eq!(
        ways(&found),
        [
            ("my.serve my.quote".to_owned(), 60),
            ("my.serve my.search my.walk".to_owned(), 30)
        ]
    );
    let (answer, _) = &found;
    assert_eq!(
        (answer.total, answer.own, answer.without_own, answer.left),
        (100, 90, 10, 0)
    );
    let first = &answer.storylines[0];
    assert_eq!((first.flat, first.samples, first.stacks), (10, 2, 2));
    let kinds: Vec<_> = first.kinds.iter().map(|one| (one.kind, one.value)).collect();
    assert_eq!(kinds, [(2, 50), (0, 10)]);
    assert_eq!((first.lines[0].spot.line, first.lines[0].value), (7, 50));
    assert_eq!(first.steps[0].cum, 90);
}

#[test]
fn a_function_and_the_only_one_that_it_calls_are_one_story() {
    let profile = profile(&[
        ("my.main my.quote my.hash my.mix", 60),
        ("my.main my.quote my.hash", 20),
        ("my.main my.cart", 20),
    ]);
    let found = ask(&profile, &StorylinesQuery::default());
    assert_eq!(
        ways(&found),
        [
            ("my.main my.quote my.hash my.mix".to_owned(), 80),
            ("my.main my.cart".to_owned(), 20)
        ]
    );
    let cums: Vec<_> = found.0.storylines[0].steps.iter().map(|step| step.cum).collect();
    assert_eq!(cums, [100, 80, 80, 60]);
}

#[test]
fn recursion_of_any_depth_is_one_way_and_said_to_be_one() {
    let profile = profile(&[
        ("my.main my.walk my.visit", 10),
        ("my.main my.walk my.visit my.walk my.visit", 20),
        ("my.main my.walk my.visit my.walk my.visit my.walk my.visit:5", 30),
    ]);
    let found = ask(&profile, &StorylinesQuery::default());
    assert_eq!(ways(&found), [("my.main my.walk my.visit".to_owned(), 60)]);
    let recursive: Vec<_> = found.0.storylines[0]
        .steps
        .iter()
        .map(|step| step.recursive)
        .collect();
    assert_eq!(recursive, [false, true, true]);
    // Every sample once a line, however often it passes.
    assert_eq!(found.0.storylines[0].steps[1].line.as_ref().unwrap().value, 60);
}

#[test]
fn a_closure_is_a_part_of_its_function_and_no_recursion() {
    let profile = profile(&[("my.f lib.each my.f.func1", 3), ("my.f", 1)]);
    let found = ask(&profile, &StorylinesQuery::default());
    assert_eq!(ways(&found), [("my.f".to_owned(), 4)]);
    assert!(!found.0.storylines[0].steps[0].recursive);
}

#[test]
fn a_way_ends_where_work_spreads_out_and_says_where_it_goes_on() {
    let spread: Vec<(String, i64)> = (0..10).map(|at| (format!("my.main my.a{at}"), 10 + at)).collect();
    let stacks: Vec<(&str, i64)> = spread
        .iter()
        .map(|(stack, value)| (stack.as_str(), *value))
        .collect();
    let found = ask(&profile(&stacks), &StorylinesQuery::default());
    assert_eq!(ways(&found), [("my.main".to_owned(), 145)]);
    let next: Vec<_> = found.0.storylines[0]
        .next
        .iter()
        .map(|one| (found.1[one.function as usize].as_str(), one.value))
        .collect();
    assert_eq!(next, [("my.a9", 19), ("my.a8", 18), ("my.a7", 17)]);
}

#[test]
fn what_is_too_light_or_not_own_is_no_storyline() {
    let profile = profile(&[("my.a", 1), ("lib.b", 999)]);
    let found = ask(&profile, &StorylinesQuery::default());
    assert!(found.0.storylines.is_empty());
    assert_eq!((found.0.left, found.0.without_own), (1, 999));
    let empty = ask(&self::profile(&[]), &StorylinesQuery::default());
    assert!(empty.0.storylines.is_empty());
}

#[test]
fn marks_and_folds_of_another_profile_are_refused() {
    let profile = profile(&[("my.a", 1)]);
    let query = StorylinesQuery::default();
    assert!(storylines(&profile, &query, &[0], &[1]).is_err());
    assert!(storylines(&profile, &query, &[], &[0]).is_err());
    assert!(storylines(&profile, &query, &[0], &[]).is_err());
}
