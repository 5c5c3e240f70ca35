//! Bytes -> profile -> bytes.
//!
//! [`decode`] and [`encode`] are the two entrances. [`container`] takes off compression by content, [`decode_proto`]
//! reads the protobuf form by hand (checked against `prost` in the tests), [`legacy`] the older text and binary forms.

pub mod container;
pub(crate) mod cursor;
mod decode;
mod decode_samples;
mod encode;
pub mod legacy;
mod open;
mod plain_samples;
pub(crate) mod rows;
pub(crate) mod scan;
pub(crate) mod short_ids;
mod stream;
pub(crate) mod varint;

pub use decode::decode_proto;
pub use encode::encode_proto;
pub use open::{Compression, decode, encode};
