//! The environment, before anything reads it.
#![allow(unsafe_code, reason = "changing the environment")]

use std::env;

/// What names a proxy, and what is reached without one.
const PROXIES: [&str; 8] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

/// Removes the variables of AWS and of proxies that are set to nothing. To the AWS CLI these are not set; the SDK would panic over an
/// empty endpoint, and an empty HTTPS_PROXY would hide https_proxy.
pub fn unset_empty() {
    let is_ours = |name: &str| name.starts_with("AWS_") || PROXIES.contains(&name);
    let empty = env::vars_os().filter(|(_, value)| value.is_empty());
    let names: Vec<_> = empty.map(|(name, _)| name).filter(|name| name.to_str().is_some_and(is_ours)).collect();
    for name in names {
        // SAFETY: `main` calls this first, while the program has one thread.
        unsafe { env::remove_var(name) };
    }
}
