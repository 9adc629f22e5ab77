//! The oracles of the targets, which the project's own tests run, too.

#[path = "../../tests/core/common/mod.rs"]
pub mod common;

pub use common::oracles;
