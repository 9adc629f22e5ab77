//! The environment, before anything reads it.
#![allow(unsafe_code, reason = "changing the environment")]

use std::env;

/// What names a proxy.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// What names the hosts that are reached without one.
const DIRECT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Removes the variables of AWS and of proxies that are set to nothing. To the AWS CLI these are not set; the SDK would panic over an
/// empty endpoint, and an empty HTTPS_PROXY would hide https_proxy.
pub fn unset_empty() {
    let is_ours = |name: &str| name.starts_with("AWS_") || PROXIES.contains(&name) || DIRECT.contains(&name);
    let empty = env::vars_os().filter(|(_, value)| value.is_empty());
    let names: Vec<_> = empty.map(|(name, _)| name).filter(|name| name.to_str().is_some_and(is_ours)).collect();
    for name in names {
        // SAFETY: `main` calls this first, while the program has one thread.
        unsafe { env::remove_var(name) };
    }
}

/// What to add where nobody was reached: the variables that name a proxy. The SDK takes it for this machine, too.
pub fn proxy_note() -> String {
    let set: Vec<_> = PROXIES.into_iter().filter(|name| env::var_os(name).is_some()).collect();
    if set.is_empty() {
        return String::new();
    }
    format!("; {} names a proxy, and NO_PROXY the hosts that are reached without it", set.join(", "))
}
