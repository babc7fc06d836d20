#![allow(dead_code, unused, missing_docs)]
#[path = "../src/identity/mod.rs"]
mod identity;
#[path = "../src/model/mod.rs"]
mod model;
#[path = "../src/risk/mod.rs"]
mod risk;
#[path = "../src/store/mod.rs"]
mod store;
