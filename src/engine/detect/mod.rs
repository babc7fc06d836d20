//! Detectors for what a pattern cannot say.

pub mod assignment;
