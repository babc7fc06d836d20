//! leaktrace finds leaked credentials in git history and working trees and traces each one to the
//! commit and the person behind it.
//!
//! Data moves down this list of modules and imports point up it; `tests/layering.rs` holds the
//! code to that.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod model;

pub mod http;

pub mod rule;

pub mod config;

pub mod source;

pub mod engine;

pub mod finding;

pub mod provenance;

pub mod identity;

pub mod risk;

pub mod fix;

pub mod alert;

pub mod store;

pub mod output;

pub mod access;

pub mod pipeline;

pub mod ci;

pub mod cli;
