//! What speaks for a mistake, a compromised account or intent, and how bad a leak is: two axes that
//! are never multiplied.
//!
//! `case` holds what is looked at, `signal` the observations, `baseline` what a person usually does,
//! `weigh` how evidence adds up, `exposure` and `judge` the two axes. It is all a function of the
//! case: the same case gives the same judgement, offline and at any time.

#![allow(clippy::cast_precision_loss, reason = "counts and spans of time are far below 2^52")]

pub mod baseline;
pub mod card;
pub mod case;
pub mod exposure;
pub mod gaps;
pub mod judge;
pub mod signal;
#[cfg(test)]
mod testing;
pub mod weigh;

pub use card::Card;
pub use case::Case;
pub use judge::{Band, Judgement, Settings, judge};
