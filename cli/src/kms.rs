//! Calls to AWS KMS, from the region that each key lives in.

use std::collections::HashMap;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_kms::operation::get_public_key::GetPublicKeyOutput;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use aws_sdk_kms::{Client, config};
use kmseal::{EncryptionAlgorithm, KeyArn};
use tokio::runtime::{Builder, Runtime};
use zeroize::Zeroizing;

use crate::args::Aws;
use crate::failure::{Failure, Result};
use crate::refusal::sentence;
use crate::{account, configuration};

const CONNECT: Duration = Duration::from_secs(5);
/// Longer than KMS ever takes; each attempt of the SDK's retries has it anew.
const ATTEMPT: Duration = Duration::from_secs(20);

/// KMS, as the command line and the AWS configuration say.
pub struct Kms {
    runtime: Runtime,
    config: SdkConfig,
    /// Of KMS alone: the AWS configuration has those of other services.
    endpoint_url: Option<String>,
    region: Option<String>,
    account: Option<String>,
    grant_tokens: Vec<String>,
    clients: HashMap<Option<String>, Client>,
}

impl Kms {
    /// Loads the AWS configuration; calls nothing yet.
    pub fn new(aws: &Aws, grant_tokens: &[String]) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let config = runtime.block_on(configuration::load(aws.profile.as_deref(), timeouts))?;
        Ok(Self {
            runtime,
            config,
            endpoint_url: aws.endpoint_url.clone(),
            region: aws.region.clone(),
            grant_tokens: grant_tokens.to_vec(),
            account: None,
            clients: HashMap::new(),
        })
    }

    /// The account of the credentials, which is asked for once.
    pub fn account(&mut self, key: &KeyArn) -> Result<&str> {
        let account = match self.account.take() {
            Some(account) => account,
            None => self.runtime.block_on(account::of_credentials(&self.config, self.region.as_deref(), key))?,
        };
        Ok(self.account.insert(account))
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
        let asked_in = region.clone().or_else(|| self.config.region().map(ToString::to_string));
        let call = self.client(region).get_public_key().key_id(key_id);
        let call = call.set_grant_tokens(self.grant_tokens());
        let answer = self.runtime.block_on(call.send());
        let answer = answer.map_err(|error| Failure::kms(sentence("GetPublicKey", key_id, &error)))?;
        let answered = answer.key_id().and_then(|arn| KeyArn::parse(arn).ok());
        if answered.is_some_and(|arn| is_key(&arn, key_id, asked_in.as_deref())) {
            Ok(answer)
        } else {
            Err(Failure::kms(other_key(key_id)))
        }
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
            return Err(other_key(key_id.as_str()));
        }
        Ok(plaintext)
    }

    fn grant_tokens(&self) -> Option<Vec<String>> {
        (!self.grant_tokens.is_empty()).then(|| self.grant_tokens.clone())
    }

    fn client(&mut self, region: Option<String>) -> Client {
        let Self { clients, config, endpoint_url, .. } = self;
        let client = clients.entry(region).or_insert_with_key(|region| {
            let builder = config::Builder::from(&*config);
            let builder = match region {
                Some(region) => builder.region(Region::new(region.clone())),
                None => builder,
            };
            let builder = match endpoint_url {
                Some(url) => builder.endpoint_url(url.as_str()),
                None => builder,
            };
            Client::from_conf(builder.build())
        });
        client.clone()
    }
}

/// Whether this is the key that was asked for: by key ARN or id it is that one, by an alias one of its account and region.
fn is_key(arn: &KeyArn, asked: &str, region: Option<&str>) -> bool {
    let is_near = |account: &str| arn.as_str().rsplit_once(":key/").is_some_and(|(place, _)| place == account);
    match asked.split_once(":alias/") {
        _ if asked.starts_with("alias/") => region == Some(arn.region()),
        Some((account, _)) => is_near(account),
        None if asked.starts_with("arn:") => arn.as_str() == asked,
        None => region == Some(arn.region()) && arn.as_str().rsplit_once('/').is_some_and(|(_, id)| id == asked),
    }
}

fn other_key(asked: &str) -> String {
    format!("KMS answered for another key than {asked}, which it was asked for")
}
