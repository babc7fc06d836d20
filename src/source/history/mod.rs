//! A repository's object store, read once from front to back.
//!
//! A pack stores most objects as deltas against others. [`forest`] reads the entry headers and
//! builds the trees that those deltas form, [`walk`] decodes each tree depth first so that each
//! object is inflated once, and [`store`] holds the packs, the loose objects and random access.
//! [`near`] finds ids in sorted lists of them. [`commits`] keeps what commits say of each other,
//! [`graph`] puts them in order, [`trees`] keeps what trees say of paths.

pub mod commits;
pub mod delta;
pub mod forest;
pub mod graph;
pub mod inflate;
pub mod near;
pub mod store;
pub mod trees;
pub mod walk;
