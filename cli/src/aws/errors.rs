//! What AWS's errors mean, and what to do about them.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use kmseal::Operation;
use kmseal::edge::kms_fault;

use crate::environment::proxy_note;
use crate::failure::Failure;
use crate::remedies;

/// Explains why the call about `key` failed, and what to do. Without an operation it was GetPublicKey.
pub fn sentence<E>(operation: Option<Operation>, key: &str, error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if has_credentials_error(error) {
        return no_credentials(error);
    }
    let Some(name) = error.code() else {
        let sentence = "KMS could not be reached: check the network, the region and --endpoint-url, and try again";
        return format!("{sentence} ({})", unreached(error));
    };
    let called = operation.map_or("GetPublicKey", Operation::name);
    let ours = about(name, called, key);
    let ours = ours.or_else(|| operation.is_none().then(|| about_public_key(name, key)).flatten());
    let ours = ours.or_else(|| meaning(called, name));
    format!("{} ({})", ours.unwrap_or_else(|| format!("KMS {called} failed for {key}")), said(name, error))
}

/// Explains why STS does not name the account of the credentials; `help` says what to do.
pub fn sentence_of_account<E>(error: &SdkError<E>, help: &str) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let unknown = format!("STS does not report the account of these credentials: {help}");
    match error.code() {
        _ if has_credentials_error(error) => no_credentials(error),
        Some(name) => {
            let sentence = meaning(Operation::Decrypt.name(), as_in_kms(name)).unwrap_or(unknown);
            format!("{sentence} ({})", said(name, error))
        }
        None => format!("{unknown} ({})", unreached(error)),
    }
}

/// What an error name means, as the core has it, and what helps.
fn meaning(operation: &str, name: &str) -> Option<String> {
    kms_fault(operation, name).map(|fault| remedies::sentence(&fault.message, fault.reason))
}

/// KMS's name for an error that STS names differently.
fn as_in_kms(name: &str) -> &str {
    match name {
        "SignatureDoesNotMatch" => "InvalidSignatureException",
        "ExpiredToken" => "ExpiredTokenException",
        name => name,
    }
}

/// The sentence for missing credentials.
pub fn no_credentials(error: &(dyn Error + 'static)) -> String {
    let sentence = "no AWS credentials were found, or they could not be loaded; sign in (aws login or aws sso login), name a --profile, or \
        set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    format!("{sentence} ({})", root(error))
}

fn said(name: &str, error: &impl ProvideErrorMetadata) -> String {
    let said = error.message().filter(|message| !message.is_empty());
    said.map_or_else(|| name.to_owned(), |message| format!("{name}: {message}"))
}

/// Everything that failed for one envelope: which key, and a sentence. With several keys, each sentence has the key's name.
pub fn failure(refusals: &[(String, String)]) -> Failure {
    let lines: Vec<String> = match refusals {
        [(_, sentence)] => vec![sentence.clone()],
        several => several.iter().map(|(key, sentence)| format!("{key}: {sentence}")).collect(),
    };
    Failure::kms(lines.join("; "))
}

/// The command's own explanation, where it can say more than the core, whose sentences are for programs.
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
        _ => None,
    }
}

/// Why GetPublicKey failed.
fn about_public_key(name: &str, key: &str) -> Option<String> {
    match name {
        "DisabledException" => Some(format!("{key} is disabled; enable it to get its public key")),
        "UnsupportedOperationException" | "InvalidKeyUsageException" => Some(format!(
            "{key} has no public key to encrypt with; create one with: \
             aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT"
        )),
        _ => None,
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

/// The same where no service answered, with what may keep the command from it.
pub fn unreached(error: &(dyn Error + 'static)) -> String {
    root(error) + &proxy_note()
}
