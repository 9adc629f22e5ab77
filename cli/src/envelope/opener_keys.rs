//! The keys that may open an envelope, in the order in which they are tried.

use std::collections::HashMap;

use kmseal::{Header, ImportOptions, KeyArn, OpenerKey, RsaPublicKey};

use crate::aws::kms::Kms;
use crate::aws::region::key_in;
use crate::aws::{account, public_key};
use crate::failure::{Failure, Result};
use crate::wrapping::private_key::PrivateKey;

/// What the command line names.
pub struct OpenerKeys {
    /// They come first, since nothing is asked for them.
    pub raw: Vec<RawKey>,
    /// Keys of KMS whose public keys are given.
    pub public: Vec<OpenerKey>,
    pub allowed: Allowed,
    /// Listed keys that an envelope did not name, with what KMS told of them.
    looked_up: HashMap<KeyArn, OpenerKey>,
}

/// A key outside KMS.
pub struct RawKey {
    pub public: RsaPublicKey,
    pub private: PrivateKey,
}

/// Which other keys KMS may be asked for.
pub enum Allowed {
    /// These.
    Listed(Vec<KeyArn>),
    /// Those that the envelope names and that are in the account of the credentials.
    Own,
    /// Any that the envelope names.
    Any,
}

/// The keys for one envelope.
#[derive(Default)]
pub struct Usable {
    pub keys: Vec<OpenerKey>,
    /// Their names for messages.
    pub names: Vec<String>,
    /// Keys whose kind KMS did not say, and why.
    pub unknown: Vec<(String, String)>,
}

impl Usable {
    fn push(&mut self, key: OpenerKey, name: impl Into<String>) {
        self.keys.push(key);
        self.names.push(name.into());
    }
}

impl OpenerKeys {
    pub fn new(raw: Vec<RawKey>, public: Vec<OpenerKey>, allowed: Allowed) -> Self {
        Self { raw, public, allowed, looked_up: HashMap::new() }
    }

    /// Whether any of them is in KMS.
    pub fn need_kms(&self) -> bool {
        !self.public.is_empty() || !matches!(&self.allowed, Allowed::Listed(keys) if keys.is_empty())
    }

    /// The keys that may be used for this envelope, each in the region to use it in. Raw keys keep their places.
    pub fn usable(&mut self, header: &Header, kms: Option<&mut Kms>) -> Result<Usable> {
        let mut usable = Usable::default();
        for RawKey { public, .. } in &self.raw {
            let (namespace, name) = (public.key_namespace(), public.key_name());
            usable.push(OpenerKey::from(public), format!("{namespace} {name}"));
        }
        if let Some(kms) = kms {
            self.in_kms(header, kms, &mut usable)?;
        }
        Ok(usable)
    }

    fn in_kms(&mut self, header: &Header, kms: &mut Kms, usable: &mut Usable) -> Result<()> {
        let region = kms.region().map(str::to_owned);
        let region = region.as_deref();
        let named: Vec<KeyArn> = header.encrypted_data_keys().iter().filter_map(|edk| edk.key_arn()).collect();
        let allowed = match &self.allowed {
            Allowed::Listed(keys) => keys.clone(),
            Allowed::Own => own(kms, named.clone())?,
            Allowed::Any => named.clone(),
        };
        let given = usable.keys.len();
        for key in self.public.iter().filter_map(|key| in_region(key, region)) {
            let name = key.key_id().map(KeyArn::to_string).unwrap_or_default();
            usable.push(key, name);
        }
        let is_for_ecc = header.encrypted_data_keys().iter().any(|edk| edk.ecc_key().is_some());
        for arn in allowed.iter().filter_map(|arn| key_in(arn, region)) {
            // An envelope names no ECC key by its ARN: KMS has the public key to compare.
            let is_unknown = is_for_ecc && !named.iter().any(|other| arn.matches(other));
            let key = if is_unknown { self.look_up(&arn, kms) } else { Ok(arn.clone().into()) };
            match key {
                Ok(key) => usable.push(key, arn.as_str()),
                Err(sentence) => usable.unknown.push((arn.to_string(), sentence)),
            }
        }
        let first = self.public.iter().filter_map(OpenerKey::key_id).chain(&allowed).next();
        match (first, region) {
            (Some(arn), Some(region)) if usable.keys.len() == given && usable.unknown.is_empty() => {
                Err(Failure::no_match(format!(
                    "{arn} is not in {region}, and is not a multi-Region key; leave --region out, or give the key's own"
                )))
            }
            _ => Ok(()),
        }
    }

    /// One GetPublicKey in a run for each key; or a sentence of what failed.
    fn look_up(&mut self, arn: &KeyArn, kms: &mut Kms) -> std::result::Result<OpenerKey, String> {
        if let Some(known) = self.looked_up.get(arn) {
            return Ok(known.clone());
        }
        let answer = kms.public_key_of(arn)?;
        // A key of another kind opens what names it.
        let key = public_key::check(&answer, &ImportOptions::default());
        let key = key.map_or_else(|_| arn.clone().into(), |key| OpenerKey::from(&key));
        Ok(self.looked_up.entry(arn.clone()).or_insert(key).clone())
    }
}

/// A key in the region of the command line: itself, or its replica there.
pub fn in_region(key: &OpenerKey, region: Option<&str>) -> Option<OpenerKey> {
    match (region, key.key_id()) {
        (Some(region), Some(arn)) if region != arn.region() => key.replica_in(region),
        _ => Some(key.clone()),
    }
}

/// The keys in the account of the credentials. Anyone with a key in any account can make an envelope that names that key.
fn own(kms: &mut Kms, mut named: Vec<KeyArn>) -> Result<Vec<KeyArn>> {
    named.retain(|key| key_in(key, None).is_some());
    let Some(first) = named.first().cloned() else { return Ok(named) };
    let account = kms.account(&first)?;
    let (own, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|key| account::of_key(key) == account);
    if own.is_empty() {
        let others: Vec<&str> = others.iter().map(KeyArn::as_str).collect();
        return Err(Failure::no_match(format!(
            "this envelope is sealed for {}, and these credentials belong to account {account}; name a key of another account \
             with --key-id, or give --discover to ask for any key that an envelope names",
            others.join(", ")
        )));
    }
    Ok(own)
}
