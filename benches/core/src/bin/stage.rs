//! Runs one stage on one workload: `stage STAGE WORKLOAD FILES TIMES`.
//!
//! Instructions of two runs that differ by one in TIMES differ by those of the stage, whatever making the input took.

#![allow(clippy::print_stderr, reason = "what a command says is its product")]

use pprof_bench::stage::{self, Input};
use std::hint::black_box;
use std::process::ExitCode;

const USAGE: &str = "usage: stage decode|decode_gzip|encode|top|merge WORKLOAD FILES TIMES";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("stage: {problem}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [stage, workload, files, times] = arguments else {
        return Err("four arguments are wanted".to_owned());
    };
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("'{text}': {error}"));
    let input = Input::new(workload, number(files)?).map_err(|error| error.to_string())?;
    for _ in 0..number(times)? {
        match stage.as_str() {
            "decode" => each(&input.raw, |bytes| stage::decode(bytes)),
            "decode_gzip" => each(&input.zipped, |bytes| stage::decode(bytes)),
            "encode" => each(&input.profiles, stage::encode),
            "top" => each(&input.profiles, stage::top),
            "merge" => drop(black_box(stage::merge(black_box(&input.zipped)))),
            unknown => return Err(format!("no stage '{unknown}'")),
        }
    }
    Ok(())
}

fn each<T, R>(inputs: &[T], work: impl Fn(&T) -> R) {
    for input in inputs {
        black_box(work(black_box(input)));
    }
}
