//! AWS KMS, in each key's own region, and its public keys.

use std::collections::HashMap;
use std::rc::Rc;

use aws_config::Region;
use aws_sdk_kms::operation::get_public_key::GetPublicKeyOutput;
use aws_sdk_kms::{Client, config};
use kmseal::KeyArn;

use crate::aws::account;
use crate::aws::errors::sentence;
use crate::aws::region;
use crate::aws::session::Session;
use crate::failure::{Failure, Result};

/// KMS, as the command line and the AWS configuration describe it.
pub struct Kms {
    session: Rc<Session>,
    account: Option<String>,
    grant_tokens: Vec<String>,
    clients: HashMap<Option<String>, Client>,
}

impl Kms {
    /// Calls nothing yet.
    pub fn new(session: &Rc<Session>, grant_tokens: &[String]) -> Self {
        let session = Rc::clone(session);
        Self { session, grant_tokens: grant_tokens.to_vec(), account: None, clients: HashMap::new() }
    }

    /// The account of the credentials, looked up once.
    pub fn account(&mut self, key: &KeyArn) -> Result<&str> {
        let account = match self.account.take() {
            Some(account) => account,
            None => {
                let session = &*self.session;
                session.block_on(account::of_credentials(session, key))?
            }
        };
        Ok(self.account.insert(account))
    }

    /// The region that the command line gives.
    pub fn region(&self) -> Option<&str> {
        self.session.region.as_deref()
    }

    /// GetPublicKey, in the region of the command line, or else of the ARN, or else of the configuration.
    pub fn get_public_key(&mut self, key_id: &str) -> Result<GetPublicKeyOutput> {
        let in_arn = region::in_arn(key_id).map(region::parse).transpose();
        let in_arn = in_arn.map_err(|why| Failure::usage(format!("{key_id}: its region: {why}")))?;
        let region = self.session.region.clone().or(in_arn);
        let configured = self.session.configured_region();
        if region.is_none() && configured.is_none() {
            return Err(Failure::usage("no region: give --region or the key's ARN, or set AWS_REGION"));
        }
        let asked_in = region.clone().or_else(|| configured.map(str::to_owned));
        self.public_key(region, key_id, asked_in.as_deref()).map_err(Failure::kms)
    }

    /// GetPublicKey, in the key's region; or a sentence of what failed.
    pub fn public_key_of(&mut self, key: &KeyArn) -> std::result::Result<GetPublicKeyOutput, String> {
        self.public_key(Some(key.region().to_owned()), key.as_str(), Some(key.region()))
    }

    fn public_key(
        &mut self,
        region: Option<String>,
        key_id: &str,
        asked_in: Option<&str>,
    ) -> std::result::Result<GetPublicKeyOutput, String> {
        let call = self.client(region).get_public_key().key_id(key_id).set_grant_tokens(self.grant_tokens());
        let answer = self.block_on(call.send()).map_err(|error| sentence(None, key_id, &error))?;
        let answered = answer.key_id().unwrap_or_default();
        match answered.parse::<KeyArn>() {
            Ok(arn) if is_key(&arn, key_id, asked_in) => Ok(answer),
            Err(_) if !answered.is_empty() => Err(no_arn(answered)),
            _ => Err(other_key(key_id)),
        }
    }

    pub(super) fn block_on<F: Future>(&self, call: F) -> F::Output {
        self.session.block_on(call)
    }

    pub(super) fn grant_tokens(&self) -> Option<Vec<String>> {
        (!self.grant_tokens.is_empty()).then(|| self.grant_tokens.clone())
    }

    pub(super) fn client(&mut self, region: Option<String>) -> Client {
        let Session { config, endpoint_url, .. } = &*self.session;
        let client = self.clients.entry(region).or_insert_with_key(|region| {
            let builder = config::Builder::from(config);
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

/// Whether KMS answered for the requested key. A key ARN or id names one key; an alias names any key of its account and region.
fn is_key(arn: &KeyArn, asked: &str, region: Option<&str>) -> bool {
    let is_near = |account: &str| arn.as_str().rsplit_once(":key/").is_some_and(|(place, _)| place == account);
    match asked.split_once(":alias/") {
        _ if asked.starts_with("alias/") => region == Some(arn.region()),
        Some((account, _)) => is_near(account),
        None if asked.starts_with("arn:") => arn.as_str() == asked,
        None => region == Some(arn.region()) && arn.as_str().rsplit_once('/').is_some_and(|(_, id)| id == asked),
    }
}

fn no_arn(answered: &str) -> String {
    format!(
        "KMS answered with {answered} where AWS gives the ARN of the key, as an emulator may do; have aws kms get-public-key write this \
         key, and give its ARN to seal as --key-arn"
    )
}

pub(super) fn other_key(asked: &str) -> String {
    format!("KMS answered for a key other than {asked}, which it was asked for")
}
