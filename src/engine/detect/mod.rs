//! Detectors for what a pattern cannot say.

pub mod assignment;
pub mod jwt;
pub mod pem;
pub mod url;
