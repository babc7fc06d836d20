//! The words every other module speaks: secrets that redact themselves, places in content,
//! severities, the layers a value was seen through, and what a scan could not read.
//!
//! Nothing here reads a file or knows git beyond an object id; everything above imports it.

mod copied;
mod fact;
mod incomplete;
mod layer;
mod level;
mod location;
pub mod parallel;
mod secret;
pub mod text;

pub use copied::Copied;
pub use fact::{Fact, LIKELIHOOD};
pub use incomplete::{Incomplete, IncompleteKind, IncompleteLog};
pub use layer::{Layer, LayerPath};
pub use level::{Confidence, ParseLevelError, Severity};
pub use location::{ContentId, ContentKind, Lines, Position};
pub use secret::Secret;
