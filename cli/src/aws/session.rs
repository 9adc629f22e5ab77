//! The AWS configuration, with the options of the command line. Loading it may read files, but calls no service.

use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_types::service_config::ServiceConfigKey;
use http::Uri;
use tokio::runtime::{Builder, Runtime};

use crate::args::Aws;
use crate::aws::configuration;
use crate::aws::http::{ATTEMPT, CONNECT, Network};
use crate::aws::region;
use crate::failure::Result;
use crate::system::descriptors;

/// What the calls of one run share.
pub struct Session {
    runtime: Runtime,
    pub config: SdkConfig,
    pub network: Network,
    /// The URL of the command line, for KMS alone. The AWS configuration has those of other services.
    pub endpoint_url: Option<String>,
    /// The region of the command line.
    pub region: Option<String>,
}

impl Session {
    /// `key` is one that the command line names: where no region is given or configured, that of its ARN counts.
    pub fn new(aws: &Aws, key: Option<&str>) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let near = key.and_then(region::in_arn).and_then(|region| region::parse(region).ok());
        let region = aws.region.clone().or(near);
        let (config, network) = runtime.block_on(configuration::load(aws.profile.as_deref(), region, timeouts))?;
        Ok(Self { runtime, config, network, endpoint_url: aws.endpoint_url.clone(), region: aws.region.clone() })
    }

    /// Waits for a call, before which the SDK may run the program that gives the credentials.
    pub fn block_on<F: Future>(&self, call: F) -> F::Output {
        descriptors::without_stdin(|| self.runtime.block_on(call))
    }

    /// Where the AWS configuration has a service, if not at AWS.
    pub fn configured_endpoint(&self, service: &str) -> Option<String> {
        let key =
            ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let own = self.config.service_config().zip(key.ok()).and_then(|(services, key)| services.load_config(key));
        own.or_else(|| self.config.endpoint_url().map(str::to_owned))
    }

    /// Where KMS is asked, if not at AWS: scheme, host and port, without what else a URL may hold, such as a password.
    pub fn kms_elsewhere(&self) -> Option<String> {
        let url = self.endpoint_url.clone().or_else(|| self.configured_endpoint("KMS"))?.parse::<Uri>().ok()?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{}{port}", url.scheme_str()?, url.host()?))
    }

    /// What to add where a service other than KMS fails: an emulator's credentials and buckets are unknown to AWS.
    pub fn left_behind(&self, service: &str) -> String {
        if self.endpoint_url.is_none() {
            return String::new();
        }
        format!("; --endpoint-url moves KMS alone, and AWS_ENDPOINT_URL moves {service}, too")
    }

    /// The configured region. An empty one counts as not set, as in the AWS CLI.
    pub fn configured_region(&self) -> Option<&str> {
        self.config.region().map(Region::as_ref).filter(|region| !region.is_empty())
    }
}
