//! Rules: YAML as written, and the validated set that the engine uses.

pub mod schema;
