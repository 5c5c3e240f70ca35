//! A view as a picture: pages that need no program besides a browser.
//!
//! Layout and drawing are those of libraries; what is drawn, and what is too small to be, is decided here.

mod callgraph;
mod flamegraph;
mod graph_svg;

pub use callgraph::{CallGraph, CallGraphQuery, callgraph};
pub use flamegraph::{FlameGraph, FlameGraphQuery, flamegraph};
