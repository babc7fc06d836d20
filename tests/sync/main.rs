//! The clients of forges and SCIM against a server that replays what they answer: pages, refusals,
//! limits, runs that break off, and answers that are not what they should be.
#![allow(clippy::panic)]

#[path = "../common/mock.rs"]
mod mock;

mod acme;
mod gitea;
mod github;
mod gitlab;
mod kept;
mod keys;
mod scim;
