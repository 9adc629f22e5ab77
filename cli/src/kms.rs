//! Calls to AWS KMS, from the region that each key lives in.

use std::collections::HashMap;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::operation::get_public_key::GetPublicKeyOutput;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use aws_sdk_kms::{Client, config};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use kmseal::{EncryptionAlgorithm, KeyArn};
use tokio::runtime::{Builder, Runtime};
use zeroize::Zeroizing;

use crate::args::Aws;
use crate::failure::{Failure, Result};
use crate::refusal::sentence;

const CONNECT: Duration = Duration::from_secs(5);
/// Longer than KMS ever takes; each attempt of the SDK's retries has it anew.
const ATTEMPT: Duration = Duration::from_secs(20);

/// KMS, as the command line and the AWS configuration say.
pub struct Kms {
    runtime: Runtime,
    config: SdkConfig,
    region: Option<String>,
    grant_tokens: Vec<String>,
    clients: HashMap<Option<String>, Client>,
}

impl Kms {
    /// Loads the AWS configuration; calls nothing yet.
    pub fn new(aws: &Aws, grant_tokens: &[String]) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let mut loader =
            aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).timeout_config(timeouts);
        if let Some(url) = &aws.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(profile) = &aws.profile {
            loader = loader.profile_name(profile);
        }
        let config = without_empty_urls(runtime.block_on(loader.load()));
        let grant_tokens = grant_tokens.to_vec();
        Ok(Self { runtime, config, region: aws.region.clone(), grant_tokens, clients: HashMap::new() })
    }

    /// The region that the command line gives.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// GetPublicKey, in the region given, else in the one of the ARN, else in the configured one.
    pub fn get_public_key(&mut self, key_id: &str) -> Result<GetPublicKeyOutput> {
        let in_arn = key_id.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2));
        let in_arn = in_arn.map(crate::region::parse).transpose();
        let in_arn = in_arn.map_err(|why| Failure::usage(format!("{key_id}: its region: {why}")))?;
        let region = self.region.clone().or(in_arn);
        // Set to nothing is as good as not set, as in the AWS CLI.
        let configured = self.config.region().is_some_and(|region| !region.as_ref().is_empty());
        if region.is_none() && !configured {
            return Err(Failure::usage("no region: give --region or the key's ARN, or set AWS_REGION"));
        }
        let call = self.client(region).get_public_key().key_id(key_id);
        let call = call.set_grant_tokens(self.grant_tokens());
        let answer = self.runtime.block_on(call.send());
        answer.map_err(|error| Failure::kms(sentence("GetPublicKey", key_id, &error)))
    }

    /// Decrypt, in the key's region; or a sentence of what failed.
    pub fn decrypt(
        &mut self,
        key_id: &KeyArn,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> std::result::Result<Zeroizing<Vec<u8>>, String> {
        let call = self.client(Some(key_id.region().to_owned())).decrypt().key_id(key_id.as_str());
        let call = call.set_grant_tokens(self.grant_tokens()).ciphertext_blob(Blob::new(ciphertext));
        let call = call.encryption_algorithm(EncryptionAlgorithmSpec::from(algorithm.name()));
        let answer = self.runtime.block_on(call.send());
        let answer = answer.map_err(|error| sentence("Decrypt", key_id.as_str(), &error))?;
        let plaintext = Zeroizing::new(answer.plaintext.map(Blob::into_inner).unwrap_or_default());
        if answer.key_id.as_deref() != Some(key_id.as_str()) {
            return Err(format!("KMS answered for another key than {}, which it was asked for", key_id.as_str()));
        }
        Ok(plaintext)
    }

    fn grant_tokens(&self) -> Option<Vec<String>> {
        (!self.grant_tokens.is_empty()).then(|| self.grant_tokens.clone())
    }

    fn client(&mut self, region: Option<String>) -> Client {
        let Self { clients, config, .. } = self;
        let client = clients.entry(region).or_insert_with_key(|region| {
            let builder = config::Builder::from(&*config);
            let builder = match region {
                Some(region) => builder.region(Region::new(region.clone())),
                None => builder,
            };
            Client::from_conf(builder.build())
        });
        client.clone()
    }
}

/// An endpoint URL that is set to nothing is as good as none, as in the AWS CLI; the SDK would panic.
fn without_empty_urls(config: SdkConfig) -> SdkConfig {
    let mut builder = config.to_builder();
    builder.set_endpoint_url(config.endpoint_url().filter(|url| !url.is_empty()).map(str::to_owned));
    builder.set_service_config(Some(NotEmpty(config)));
    builder.build()
}

/// The configuration of single services, without values that are set to nothing.
#[derive(Debug)]
struct NotEmpty(SdkConfig);

impl LoadServiceConfig for NotEmpty {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        self.0.service_config()?.load_config(key).filter(|value| !value.is_empty())
    }
}
