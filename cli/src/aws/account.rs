//! The account of the credentials. Without --key-id the command uses only keys of that account, whatever an envelope names.

use aws_config::Region;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::{Client, config};
use kmseal::KeyArn;

use crate::aws::errors::{no_credentials, sentence_of_account};
use crate::aws::session::Session;
use crate::failure::{Failure, Result};

const HELP: &str = "name the key with --key-id, set AWS_ACCOUNT_ID beside AWS_ACCESS_KEY_ID or aws_account_id in the profile, \
    or give --discover to ask for any key";

/// The account in a key's ARN: arn:PARTITION:kms:REGION:ACCOUNT:key/ID.
pub fn of_key(key: &KeyArn) -> &str {
    key.as_str().split(':').nth(4).unwrap_or_default()
}

/// The account that the credentials name themselves (AWS_ACCOUNT_ID, a profile's aws_account_id, single sign-on,
/// a role), or else the one that STS names, which needs no permission. Only the partition of `key` matters.
pub async fn of_credentials(session: &Session, key: &KeyArn) -> Result<String> {
    let config = &session.config;
    if let Some(provider) = config.credentials_provider() {
        let known = provider.provide_credentials().await.map_err(|error| Failure::kms(no_credentials(&error)))?;
        if let Some(account) = known.account_id() {
            return Ok(account.as_str().to_owned());
        }
    }
    let region = session.configured_region().or(session.region.as_deref()).map_or_else(|| home(key), str::to_owned);
    let client = Client::from_conf(config::Builder::from(config).region(Region::new(region)).build());
    let answer = client.get_caller_identity().send().await;
    let failed = |error| Failure::kms(sentence_of_account(&error, HELP) + &session.left_behind("STS"));
    let answer = answer.map_err(failed)?;
    let unknown = || Failure::kms(format!("STS does not report the account of these credentials: {HELP}"));
    answer.account.ok_or_else(unknown)
}

/// A region of the key's partition that every account has, for when none is configured.
fn home(key: &KeyArn) -> String {
    let home = match key.as_str().split(':').nth(1) {
        Some("aws-cn") => "cn-north-1",
        Some("aws-us-gov") => "us-gov-west-1",
        Some("aws-iso") => "us-iso-east-1",
        Some("aws-iso-b") => "us-isob-east-1",
        Some("aws-iso-e") => "eu-isoe-west-1",
        Some("aws-iso-f") => "us-isof-south-1",
        Some("aws-eusc") => "eusc-de-east-1",
        _ => "us-east-1",
    };
    home.to_owned()
}
