//! The oracles of the targets, which the project's own tests run, too.

#[path = "../../tests/common/mod.rs"]
pub mod common;
#[path = "../../tests/common/oracles.rs"]
pub mod oracles;
