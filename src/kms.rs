//! What a failed KMS Decrypt means for opening: a sentence for each error name, since KMS often
//! sends none, and whether another encrypted data key may still be tried.
//!
//! Source: AWS KMS API Reference, Decrypt "Errors" and "Common Errors".

/// What to do about a KMS error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Whether the next matching key may be tried; false stops at once.
    pub try_next: bool,
    /// What happened and what helps.
    pub sentence: &'static str,
}

/// Advice for an error name of KMS or of the AWS SDKs.
#[must_use]
pub fn advice(name: &str) -> Advice {
    let next = |sentence| Advice { try_next: true, sentence };
    let stop = |sentence| Advice { try_next: false, sentence };
    match name {
        "InvalidCiphertextException" | "ValidationException" => next(
            "KMS could not decrypt the data key: the envelope was sealed for another key or with the other OAEP hash (encryptionAlgorithm), or it is damaged",
        ),
        "IncorrectKeyException" => next("KMS says that this is not the key that encrypted the data key"),
        "NotFoundException" => next(
            "KMS does not find the key: check that the client's region is the one in the key ARN, and that the key was not deleted",
        ),
        "AccessDeniedException" => next(
            "KMS denies kms:Decrypt on this key: the key policy must allow it to this identity, or to the account and then an IAM policy",
        ),
        "DisabledException" => next("the KMS key is disabled; enable it to open what was sealed for it"),
        "KMSInvalidStateException" => next(
            "the KMS key is in a state that cannot decrypt, such as pending deletion; cancel the deletion and enable it",
        ),
        "InvalidKeyUsageException" => stop(
            "the KMS key cannot be used so: its KeyUsage must be ENCRYPT_DECRYPT and the encryption algorithm one of its own",
        ),
        "ThrottlingException" | "LimitExceededException" | "TooManyRequestsException" => stop(
            "KMS throttled the request after the SDK's retries; raise maxAttempts, use a data-key cache, or ask for a higher request quota",
        ),
        "KeyUnavailableException"
        | "DependencyTimeoutException"
        | "KMSInternalException"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => stop("KMS failed for a passing reason; try again"),
        "ExpiredTokenException"
        | "RequestExpired"
        | "MissingAuthenticationToken"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "CredentialsProviderError" => stop("the AWS credentials are missing, wrong or expired; renew them"),
        "InvalidGrantTokenException" => stop("KMS does not accept the grant token"),
        "DryRunOperationException" => stop("the request was a dry run; leave DryRun out"),
        "TimeoutError" | "NetworkingError" => stop("KMS could not be reached in time; check the network and try again"),
        _ => stop("the call to KMS Decrypt failed; its error is this error's cause"),
    }
}
