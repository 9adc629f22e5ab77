//! AWS: its configuration, its services, and what their errors mean.

pub mod account;
pub mod configuration;
mod connections;
pub mod errors;
pub mod http;
pub mod kms;
pub mod operations;
pub mod public_key;
pub mod region;
pub mod s3;
pub mod session;
