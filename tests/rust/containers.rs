//! Compression comes off by content, bundles open, and hostile bytes of every kind end in an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "containers/any_bytes.rs"]
mod any_bytes;
#[path = "containers/bombs.rs"]
mod bombs;
#[path = "containers/bundles.rs"]
mod bundles;
#[path = "containers/forms.rs"]
mod forms;
#[path = "containers/layers.rs"]
mod layers;
#[path = "containers/make.rs"]
mod make;
#[path = "containers/opening.rs"]
mod opening;
