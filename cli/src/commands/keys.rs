//! From options to keys and contexts.

use std::path::PathBuf;
use std::rc::Rc;

use kmseal::{EncryptionContext, ImportOptions, KeyArn, Mixing, OpenerKey, RawKeyOptions, Recipients};

use crate::args::{Algorithm, Aws, From, Key, Kinds, To};
use crate::aws::kms::Kms;
use crate::aws::session::Session;
use crate::envelope::opener_keys::{Allowed, OpenerKeys, RawKey};
use crate::envelope::unlock::Unlocker;
use crate::failure::{Exit, Failure, Result};
use crate::key_file::KeyFile;
use crate::system::descriptors;
use crate::text::file_name;
use crate::wrapping::private_key::PrivateKey;

/// What the command line says of a key of KMS.
pub fn options(algorithm: &Algorithm, kinds: &Kinds, fingerprints: &[String]) -> ImportOptions {
    ImportOptions {
        encryption_algorithm: algorithm.encryption_algorithm,
        experimental: kinds.experimental,
        fingerprints: fingerprints.to_vec(),
        ..ImportOptions::default()
    }
}

/// And of a raw key.
pub fn raw_options(args: &Key) -> RawKeyOptions {
    RawKeyOptions {
        key_namespace: args.key_namespace.clone(),
        key_name: args.key_name.clone(),
        hash: args.hash,
        fingerprints: args.fingerprint.clone(),
    }
}

pub fn recipients(to: &To, algorithm: &Algorithm) -> Result<Recipients> {
    let files = to.key.iter().map(|path| KeyFile::read(path)).collect::<Result<Vec<_>>>()?;
    let of_kms = files.iter().filter(|file| !file.is_raw()).count();
    if ![0, of_kms].contains(&to.key_arn.len()) {
        return Err(Failure::usage("give one --key-arn for each --key of KMS, in the same order"));
    }
    let mut arns = to.key_arn.iter();
    let recipients = files.iter().map(|file| {
        let arn: Option<&KeyArn> = if file.is_raw() { None } else { arns.next() };
        file.recipient(&ImportOptions {
            key_ids: arn.map(|arn| arn.as_str().to_owned()).into_iter().collect(),
            key_usage: to.key_usage.clone().filter(|_| !file.has_usage()),
            ..options(algorithm, &to.kinds, &to.fingerprint)
        })
    });
    let mixing = if to.mixed { Mixing::Allowed } else { Mixing::Refused };
    Ok(Recipients::new(recipients.collect::<Result<_>>()?, mixing)?)
}

/// `public` are the files of public keys to open with.
pub fn unlocker(public: &[PathBuf], from: &From, algorithm: &Algorithm, aws: &Aws) -> Result<Unlocker> {
    let expected = context(&from.encryption_context)?;
    if from.raw_key.len() != from.private_key.len() {
        return Err(Failure::usage("give one --private-key for each --raw-key, in the same order"));
    }
    let raw = from.raw_key.iter().zip(&from.private_key).map(|(description, private)| {
        let public = KeyFile::read(description)?.raw()?;
        Ok(RawKey { private: PrivateKey::read(private, &public)?, public })
    });
    let raw = raw.collect::<Result<Vec<_>>>()?;
    let options = ImportOptions {
        encryption_algorithm: algorithm.encryption_algorithm,
        // The option guards what is sealed. What was sealed must open.
        experimental: true,
        ..ImportOptions::default()
    };
    let public = public.iter().map(|file| Ok(OpenerKey::from(&KeyFile::read(file)?.opens(&options)?)));
    let public = public.collect::<Result<Vec<_>>>()?;
    let allowed = match from.key_id.as_slice() {
        [] if from.discover => Allowed::Any,
        [] if raw.is_empty() && public.is_empty() => Allowed::Own,
        keys => Allowed::Listed(keys.to_vec()),
    };
    let first = from.key_id.first().or_else(|| public.iter().find_map(OpenerKey::key_id)).cloned();
    let opener_keys = OpenerKeys::new(raw, public, allowed);
    // An own key needs no AWS configuration.
    let session = opener_keys.need_kms().then(|| Session::new(aws, first.as_ref().map(KeyArn::as_str))).transpose()?;
    let kms = session.map(|session| Kms::new(&Rc::new(session), &from.grants.grant_token));
    Ok(Unlocker::new(kms, opener_keys, algorithm.encryption_algorithm, expected))
}

/// Fails if a FILE is a pipe that a key would be read from before: an empty file would be sealed. `keys` are all files of keys.
pub fn check_pipes(files: &[PathBuf], keys: &[&[PathBuf]]) -> Result<()> {
    let is_file = |key: &&PathBuf| files.iter().any(|file| descriptors::is_one_pipe(file, key));
    match keys.iter().copied().flatten().find(is_file) {
        Some(key) => Err(Failure::usage(format!(
            "{} would be read as a key, and then as a FILE, for which nothing is left; put the key into a file",
            file_name(key)
        ))),
        None => Ok(()),
    }
}

pub fn context(pairs: &[(String, String)]) -> Result<EncryptionContext> {
    EncryptionContext::from_pairs(pairs.iter().cloned()).map_err(wrong_usage)
}

pub fn wrong_usage(error: kmseal::Error) -> Failure {
    Failure::from(error).with_exit(Exit::Usage)
}
