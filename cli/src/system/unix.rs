//! Unix, and what Linux has beyond it.

pub mod descriptors;
pub mod rename;
pub mod rights;
pub mod signals;
pub mod stamp;
pub mod stdout;
pub mod sync;
