//! Envelopes: sealing, opening and resealing their frames on all cores.

pub mod inspected;
pub mod names;
pub mod open;
pub mod opener_keys;
pub mod pipeline;
pub mod reseal;
pub mod seal;
pub mod unlock;
