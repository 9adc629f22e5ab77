//! The meaning of a failed call of KMS for opening: a sentence for each error name, since KMS often
//! sends none.
//!
//! Source: AWS KMS API Reference, Decrypt, DeriveSharedSecret, Decapsulate and GetPublicKey "Errors", and "Common Errors".

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::error::Reason;
use crate::request::Operation;

/// What a failed call of KMS means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KmsFault {
    /// What happened, and what helps whatever the edge.
    pub message: String,
    /// Why, where the options of an edge help.
    pub reason: Option<Reason>,
}

/// Error names and what they mean, whatever was asked. (A `match` of names is 0.2 KB more of the .wasm.)
const FAULTS: &[(&str, &str)] = &[
    ("IncorrectKeyException", "KMS says that this is not the key that encrypted the data key"),
    (
        "NotFoundException",
        "KMS does not find the key: check that the client's region is the one in the key ARN, and that the key was not deleted",
    ),
    ("DisabledException", "the KMS key is disabled; enable it to open what was sealed for it"),
    (
        "KMSInvalidStateException",
        "the KMS key is in a state that cannot decrypt, such as pending deletion; cancel the deletion and enable it",
    ),
    (
        "KeyUnavailableException DependencyTimeoutException KMSInternalException InternalFailure ServiceUnavailable ServiceUnavailableException",
        "KMS failed temporarily; try again",
    ),
    (
        "ExpiredTokenException RequestExpired MissingAuthenticationToken UnrecognizedClientException InvalidSignatureException IncompleteSignature InvalidClientTokenId CredentialsProviderError",
        "the AWS credentials are missing, wrong or expired; renew them",
    ),
    ("InvalidGrantTokenException", "KMS does not accept the grant token"),
    ("DryRunOperationException", "the request was a dry run; leave DryRun out"),
    (
        "TimeoutError NetworkingError ECONNREFUSED ECONNRESET ENOTFOUND EAI_AGAIN ETIMEDOUT EHOSTUNREACH ENETUNREACH EPIPE",
        "KMS could not be reached in time; check the network and try again",
    ),
];

/// Which gives an opener the public key that ECC keys need.
const GET_PUBLIC_KEY: &str = "GetPublicKey";

/// What an error name of KMS, of the AWS SDKs or of the system's network means for opening with the operation that KMS calls
/// so; `None` for names without a meaning.
#[must_use]
pub fn kms_fault(operation: &str, name: &str) -> Option<KmsFault> {
    let is_one_of = |names: &str| names.as_bytes().split(|byte| *byte == b' ').any(|one| one == name.as_bytes());
    let mut reason = None;
    let message = if operation != GET_PUBLIC_KEY && is_one_of("InvalidCiphertextException ValidationException") {
        if operation == Operation::Decrypt.name() {
            reason = Some(Reason::NotDecrypted);
            "KMS could not decrypt the data key: the envelope is damaged, or it was sealed for another key or with the other OAEP hash".to_owned()
        } else {
            // With an empty message.
            "KMS does not take what the envelope holds for this key: the envelope is damaged, or the key's KeySpec is not the envelope's".to_owned()
        }
    } else if is_one_of("AccessDeniedException") {
        let policy = " on this key: the key policy must allow this identity, or allow the account while an IAM policy allows this identity";
        ["KMS denies kms:", operation, policy].concat()
    } else if is_one_of("InvalidKeyUsageException") {
        let usage = if operation == Operation::Decrypt.name() {
            "ENCRYPT_DECRYPT"
        } else if operation == Operation::Decapsulate.name() {
            "ENCAPSULATE_DECAPSULATE"
        } else {
            "KEY_AGREEMENT"
        };
        ["the KMS key cannot be used this way: its KeyUsage must be ", usage, " and the algorithm one of its own"]
            .concat()
    } else if is_one_of("ThrottlingException LimitExceededException TooManyRequestsException") {
        reason = Some(Reason::Throttled);
        "KMS throttled the request after the SDK's retries".to_owned()
    } else {
        FAULTS.iter().find(|(names, _)| is_one_of(names))?.1.to_owned()
    };
    Some(KmsFault { message, reason })
}
