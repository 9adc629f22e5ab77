//! The environment, before anything reads it.
#![allow(unsafe_code, reason = "changing the environment")]

use std::env;
use std::ffi::OsStr;

use crate::failure::{Failure, Result};

/// What names a proxy.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// What names the hosts that are reached without one.
const DIRECT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Removes the variables of AWS and of proxies that are set to nothing. To the AWS CLI these are not set; the SDK would panic over an
/// empty endpoint, and an empty HTTPS_PROXY would hide https_proxy.
pub fn unset_empty() {
    for name in names(OsStr::is_empty) {
        // SAFETY: `main` calls this first, while the program has one thread.
        unsafe { env::remove_var(name) };
    }
}

/// Fails if one of these variables is not UTF-8. The SDK would take it for one that is not set, and then use another profile's credentials, call
/// AWS in place of an endpoint, or go past a proxy.
pub fn check() -> Result<()> {
    match names(|value| value.to_str().is_none()).first() {
        Some(name) => Err(Failure::usage(format!(
            "{name} is not UTF-8, and the AWS SDK reads nothing else; correct it, or unset it"
        ))),
        None => Ok(()),
    }
}

/// The variables of AWS and of proxies whose values are like this.
fn names(is_like_this: impl Fn(&OsStr) -> bool) -> Vec<String> {
    let is_ours = |name: &str| name.starts_with("AWS_") || PROXIES.contains(&name) || DIRECT.contains(&name);
    let found = env::vars_os().filter(|(_, value)| is_like_this(value));
    found.filter_map(|(name, _)| name.into_string().ok()).filter(|name| is_ours(name)).collect()
}

/// The variables that name a proxy.
pub fn proxies() -> Vec<&'static str> {
    PROXIES.into_iter().filter(|name| env::var_os(name).is_some()).collect()
}

/// What to add where nobody was reached: the variables that name a proxy. The SDK takes it for this machine, too.
pub fn proxy_note() -> String {
    let set = proxies();
    if set.is_empty() {
        return String::new();
    }
    format!("; {} names a proxy, and NO_PROXY the hosts that are reached without it", set.join(", "))
}
