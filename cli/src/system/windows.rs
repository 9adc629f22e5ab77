//! Windows. It is compiled and linked in the tests, and not run in them.

pub mod descriptors;
pub mod rename;
pub mod rights;
pub mod signals;
pub mod stamp;
pub mod stdout;
pub mod sync;
