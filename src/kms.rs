//! What a failed KMS Decrypt means for opening: a sentence for each error name, since KMS often
//! sends none.
//!
//! Source: AWS KMS API Reference, Decrypt "Errors" and "Common Errors".

/// What happened and what helps, for an error name of KMS, of the AWS SDKs, or of the system's network;
/// nothing for names that say nothing.
#[must_use]
pub fn advice(name: &str) -> Option<&'static str> {
    Some(match name {
        "InvalidCiphertextException" | "ValidationException" => {
            "KMS could not decrypt the data key: the envelope was sealed for another key or with the other OAEP hash (encryptionAlgorithm), or it is damaged"
        }
        "IncorrectKeyException" => "KMS says that this is not the key that encrypted the data key",
        "NotFoundException" => {
            "KMS does not find the key: check that the client's region is the one in the key ARN, and that the key was not deleted"
        }
        "AccessDeniedException" => {
            "KMS denies kms:Decrypt on this key: the key policy must allow it to this identity, or to the account and then an IAM policy"
        }
        "DisabledException" => "the KMS key is disabled; enable it to open what was sealed for it",
        "KMSInvalidStateException" => {
            "the KMS key is in a state that cannot decrypt, such as pending deletion; cancel the deletion and enable it"
        }
        "InvalidKeyUsageException" => {
            "the KMS key cannot be used so: its KeyUsage must be ENCRYPT_DECRYPT and the encryption algorithm one of its own"
        }
        "ThrottlingException" | "LimitExceededException" | "TooManyRequestsException" => {
            "KMS throttled the request after the SDK's retries; raise maxAttempts, use a data-key cache, or ask for a higher request quota"
        }
        "KeyUnavailableException"
        | "DependencyTimeoutException"
        | "KMSInternalException"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => "KMS failed for a passing reason; try again",
        "ExpiredTokenException"
        | "RequestExpired"
        | "MissingAuthenticationToken"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "CredentialsProviderError" => "the AWS credentials are missing, wrong or expired; renew them",
        "InvalidGrantTokenException" => "KMS does not accept the grant token",
        "DryRunOperationException" => "the request was a dry run; leave DryRun out",
        "TimeoutError" | "NetworkingError" | "ECONNREFUSED" | "ECONNRESET" | "ENOTFOUND" | "EAI_AGAIN"
        | "ETIMEDOUT" | "EHOSTUNREACH" | "ENETUNREACH" | "EPIPE" => {
            "KMS could not be reached in time; check the network and try again"
        }
        _ => return None,
    })
}
