//! What KMS's refusals mean, and what helps.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use kmseal::advice;

use crate::failure::{Exit, Failure, our_options};

/// A call that KMS did not answer.
pub struct Refusal {
    /// Whether another of the envelope's keys may be tried.
    pub try_next: bool,
    pub failure: Failure,
}

impl Refusal {
    /// One that no other key can help against.
    pub fn stop(failure: Failure) -> Self {
        Self { try_next: false, failure }
    }

    /// Words the error of a call to `operation` about `key`.
    pub fn new<E>(operation: &str, key: &str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if has_credentials_error(error) {
            let sentence = "no AWS credentials were found, or they could not be loaded: sign in (aws sso login), name a \
                --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
            return Self::stop(kms(format!("{sentence} ({})", root(error))));
        }
        let Some(name) = error.code() else {
            let sentence = "KMS could not be reached: check the network, the region and --endpoint-url, and try again";
            return Self::stop(kms(format!("{sentence} ({})", root(error))));
        };
        let advice = advice(name);
        let said = error.message().filter(|message| !message.is_empty());
        let said = said.map_or_else(|| name.to_owned(), |message| format!("{name}: {message}"));
        let sentence = sentence(name, operation, key).unwrap_or_else(|| our_options(advice.sentence));
        Self { try_next: advice.try_next, failure: kms(format!("{sentence} ({said})")) }
    }
}

/// Where the command can say more than the core, whose sentences are about Decrypt in a program.
fn sentence(name: &str, operation: &str, key: &str) -> Option<String> {
    match name {
        "AccessDeniedException" => {
            let resource = if key.starts_with("arn:") && key.contains(":key/") { key } else { "KEY-ARN" };
            Some(format!(
                "KMS denies kms:{operation} on {key}: an IAM policy of this identity, allowed by the key's policy, or the key's \
                 policy itself needs {{\"Effect\":\"Allow\",\"Action\":\"kms:{operation}\",\"Resource\":\"{resource}\"}}"
            ))
        }
        "NotFoundException" => Some(format!(
            "KMS does not find {key}: check account and --region, and that the key or alias was not deleted"
        )),
        _ if operation == "Decrypt" => (!is_known(name)).then(|| format!("KMS {operation} failed")),
        "DisabledException" => Some(format!("{key} is disabled; enable it to get its public key")),
        "UnsupportedOperationException" | "InvalidKeyUsageException" => Some(format!(
            "{key} has no public key to encrypt with; create one with: \
             aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT"
        )),
        _ => Some(format!("KMS {operation} failed for {key}")),
    }
}

/// Whether the core has a sentence of its own for this name.
fn is_known(name: &str) -> bool {
    advice(name) != advice("")
}

fn kms(message: String) -> Failure {
    Failure::new(Exit::Kms, format!("{message} (ERR_KMS)"))
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn has_credentials_error<E: Error + 'static>(error: &SdkError<E>) -> bool {
    chain(error).any(|cause| cause.is::<CredentialsError>())
}

/// The innermost cause, which says most.
fn root<E: Error + 'static>(error: &SdkError<E>) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}
