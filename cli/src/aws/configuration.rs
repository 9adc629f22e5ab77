//! The AWS configuration: the environment and the profile, as the AWS CLI reads them.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::{env, fs};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::{self, ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::aws::errors::root;
use crate::aws::http::Network;
use crate::environment;
use crate::failure::{Failure, Result};

/// Loads the configuration, and the network settings. The credentials of `profile`, from the command line, beat the
/// environment's; `region` is for where none is configured.
pub async fn load(
    profile: Option<&str>,
    region: Option<String>,
    timeouts: TimeoutConfig,
) -> Result<(SdkConfig, Network)> {
    environment::check()?;
    let name = profile.map(str::to_owned).or_else(|| set("AWS_DEFAULT_PROFILE")).or_else(|| set("AWS_PROFILE"));
    // The SDK would take an empty variable for a profile with an empty name.
    let selected = name.clone().or_else(|| env::var_os("AWS_PROFILE").map(|_| "default".to_owned()));
    let profiles = profiles(name.as_deref(), selected.clone()).await?;
    if profile.is_none() {
        check_pair()?;
    }
    let network = Network::new(setting(&profiles, "AWS_CA_BUNDLE", "ca_bundle"))?;
    let http = network.client();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http.clone())
        .timeout_config(timeouts)
        .retry_config(retries(&profiles)?);
    if let Some(name) = selected {
        loader = loader.profile_name(name);
    }
    // Roles are assumed in it, too. Without one, the SDK asks for that of the instance, which takes seconds outside AWS.
    let region = set("AWS_REGION")
        .or_else(|| set("AWS_DEFAULT_REGION"))
        .or_else(|| profiles.get("region").filter(|region| !region.is_empty()).map(str::to_owned))
        .or(region)
        .map(Region::new);
    if let Some(name) = profile {
        let providers = ProviderConfig::default().with_http_client(http).with_region(region.clone());
        loader = loader.credentials_provider(of_profile(name, &providers));
    }
    if let Some(region) = region {
        loader = loader.region(region);
    }
    is_true(&profiles, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?;
    is_true(&profiles, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?;
    let ignored = is_true(&profiles, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")?;
    Ok((heeding_endpoints(loader.load().await, ignored), network))
}

/// An environment variable. An empty one counts as not set, as in the AWS CLI.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The profiles of the configuration files. The requested one must be among them.
async fn profiles(name: Option<&str>, selected: Option<String>) -> Result<ProfileSet> {
    let files = [("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")];
    let files = files.map(|(variable, usual)| set(variable).unwrap_or_else(|| usual.to_owned()));
    for file in &files {
        check_file(file).map_err(|why| unreadable(&format!("{file}: {why}")))?;
    }
    let profiles = profile::load(&Fs::real(), &Env::real(), &Default::default(), selected.map(Cow::Owned)).await;
    let profiles = profiles.map_err(|error| unreadable(&root(&error)))?;
    match name {
        Some(name) if profiles.get_profile(name).is_none() => Err(Failure::kms(format!(
            "no AWS credentials were loaded: there is no profile {name:?} in {}; \
                 name one that is there with --profile or AWS_PROFILE",
            files.join(" and "),
        ))),
        _ => Ok(profiles),
    }
}

/// Fails over a file that the SDK would take for an empty one, and then use somebody else's credentials. As in the AWS CLI, a name that leads to
/// no file is ignored.
fn check_file(name: &str) -> std::result::Result<(), String> {
    let home = || set("HOME").or_else(|| set("USERPROFILE").filter(|_| cfg!(windows)));
    let path = match name.strip_prefix("~/").and_then(|rest| Some((rest, home()?))) {
        Some((rest, home)) => PathBuf::from(home).join(rest),
        None => PathBuf::from(name),
    };
    if !path.is_file() {
        return Ok(());
    }
    match fs::read_to_string(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err("it is not UTF-8; save it so".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn unreadable(why: &str) -> Failure {
    Failure::usage(format!("the AWS configuration cannot be read: {why}"))
}

/// With half a pair, the SDK would look elsewhere and find somebody else's credentials.
fn check_pair() -> Result<()> {
    const PAIR: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    match PAIR.map(|name| set(name).is_some()) {
        [true, false] => Err(half(PAIR)),
        [false, true] => Err(half([PAIR[1], PAIR[0]])),
        _ => Ok(()),
    }
}

fn half([set, unset]: [&str; 2]) -> Failure {
    let message = format!("no AWS credentials were used: {set} is set and {unset} is not; set both, or neither");
    Failure::kms(message)
}

/// What the AWS CLI uses with --profile: that profile, then the credentials of the container or instance.
fn of_profile(name: &str, providers: &ProviderConfig) -> SharedCredentialsProvider {
    let profile = ProfileFileCredentialsProvider::builder().configure(providers).profile_name(name).build();
    let chain = CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(providers).build())
        .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(providers).build());
    SharedCredentialsProvider::new(chain)
}

/// A setting of the environment, or else of the profile, with its name there.
fn setting(profiles: &ProfileSet, variable: &'static str, key: &'static str) -> Option<(String, &'static str)> {
    let of_profile = || profiles.get(key).filter(|value| !value.is_empty()).map(|value| (value.to_owned(), key));
    set(variable).map(|value| (value, variable)).or_else(of_profile)
}

/// Checks what the SDK would panic over.
fn retries(profiles: &ProfileSet) -> Result<RetryConfig> {
    let mut retries = RetryConfig::standard();
    if let Some((value, name)) = setting(profiles, "AWS_MAX_ATTEMPTS", "max_attempts") {
        let attempts = value.trim().parse().ok().filter(|attempts| *attempts > 0);
        let attempts = attempts.ok_or_else(|| wrong(name, &value, "a number from 1"))?;
        retries = retries.with_max_attempts(attempts);
    }
    if let Some((value, name)) = setting(profiles, "AWS_RETRY_MODE", "retry_mode") {
        let mode = match value.trim().to_ascii_lowercase().as_str() {
            // The AWS CLI's oldest mode, which current SDKs do not have.
            "standard" | "legacy" => RetryMode::Standard,
            "adaptive" => RetryMode::Adaptive,
            _ => return Err(wrong(name, &value, "standard or adaptive")),
        };
        retries = retries.with_retry_mode(mode);
    }
    Ok(retries)
}

/// Whether a setting is true. The SDK would take one that is neither true nor false for not set, and call AWS's usual endpoints in place of those
/// of FIPS.
fn is_true(profiles: &ProfileSet, variable: &'static str, key: &'static str) -> Result<bool> {
    let Some((value, name)) = setting(profiles, variable, key) else { return Ok(false) };
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(name, &value, "true or false")),
    }
}

fn wrong(name: &str, value: &str, right: &str) -> Failure {
    Failure::usage(format!("{name} is {value:?}; make it {right}"))
}

/// An empty endpoint URL counts as not set, as in the AWS CLI; the SDK would panic. The SDK ignores the URLs of
/// single services only if this tells it to.
fn heeding_endpoints(config: SdkConfig, ignored: bool) -> SdkConfig {
    let url = config.endpoint_url().filter(|url| !ignored && !url.is_empty()).map(str::to_owned);
    let mut builder = config.to_builder();
    builder.set_endpoint_url(url);
    builder.set_service_config(Some(Heeded { config, ignored }));
    builder.build()
}

/// The configuration of single services, without empty values.
#[derive(Debug)]
struct Heeded {
    config: SdkConfig,
    ignored: bool,
}

impl LoadServiceConfig for Heeded {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if self.ignored && key.profile() == "endpoint_url" {
            return None;
        }
        self.config.service_config()?.load_config(key).filter(|value| !value.is_empty())
    }
}
