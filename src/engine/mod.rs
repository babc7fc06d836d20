//! From bytes to matches, without a path and without knowing where the bytes came from.

pub mod decode;
pub mod detect;
pub mod entropy;
pub mod validate;
