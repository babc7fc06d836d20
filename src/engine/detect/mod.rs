//! Detectors for what a pattern cannot say.

pub mod assignment;
pub mod jwt;
pub mod key_file;
pub mod pem;
pub mod url;
