//! What KMS's refusals mean, and what helps.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use kmseal::{KeyArn, advice};

use crate::failure::{Failure, our_options};

/// What the failed call to `operation` about `key` means, and what helps.
pub fn sentence<E>(operation: &str, key: &str, error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if has_credentials_error(error) {
        return no_credentials(error);
    }
    let Some(name) = error.code() else {
        let sentence = "KMS could not be reached: check the network, the region and --endpoint-url, and try again";
        return format!("{sentence} ({})", root(error));
    };
    let ours = about(name, operation, key).or_else(|| advice(name).map(our_options));
    format!("{} ({})", ours.unwrap_or_else(|| format!("KMS {operation} failed")), said(name, error))
}

/// Why STS does not tell the account of the credentials; `help` is what to do about it.
pub fn sentence_of_account<E>(error: &SdkError<E>, help: &str) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let unknown = format!("STS does not tell the account of these credentials: {help}");
    match error.code() {
        _ if has_credentials_error(error) => no_credentials(error),
        Some(name) => {
            let sentence = advice(as_in_kms(name)).map_or(unknown, our_options);
            format!("{sentence} ({})", said(name, error))
        }
        None => format!("{unknown} ({})", root(error)),
    }
}

/// What KMS calls what STS calls otherwise.
fn as_in_kms(name: &str) -> &str {
    match name {
        "SignatureDoesNotMatch" => "InvalidSignatureException",
        "ExpiredToken" => "ExpiredTokenException",
        name => name,
    }
}

/// There are no credentials.
pub fn no_credentials(error: &(dyn Error + 'static)) -> String {
    let sentence = "no AWS credentials were found, or they could not be loaded: sign in (aws sso login), name a --profile, or \
        set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    format!("{sentence} ({})", root(error))
}

fn said(name: &str, error: &impl ProvideErrorMetadata) -> String {
    let said = error.message().filter(|message| !message.is_empty());
    said.map_or_else(|| name.to_owned(), |message| format!("{name}: {message}"))
}

/// All that failed for an envelope, each key's with its ARN where there are several.
pub fn failure(refusals: &[(KeyArn, String)]) -> Failure {
    let lines: Vec<String> = match refusals {
        [(_, sentence)] => vec![sentence.clone()],
        several => several.iter().map(|(key, sentence)| format!("{}: {sentence}", key.as_str())).collect(),
    };
    Failure::kms(lines.join("; "))
}

/// Where the command can say more than the core, whose sentences are about Decrypt in a program.
fn about(name: &str, operation: &str, key: &str) -> Option<String> {
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
        _ if operation == "Decrypt" => None,
        "DisabledException" => Some(format!("{key} is disabled; enable it to get its public key")),
        "UnsupportedOperationException" | "InvalidKeyUsageException" => Some(format!(
            "{key} has no public key to encrypt with; create one with: \
             aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT"
        )),
        _ => Some(format!("KMS {operation} failed for {key}")),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn has_credentials_error<E: Error + 'static>(error: &SdkError<E>) -> bool {
    chain(error).any(|cause| cause.is::<CredentialsError>())
}

/// The innermost cause, which says most.
pub fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}
