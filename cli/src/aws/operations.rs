//! The calls of KMS that give back what a data key is wrapped with.

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{EncapsulationAlgorithmSpec, EncryptionAlgorithmSpec, KeyAgreementAlgorithmSpec};
use kmseal::{Answer, EncryptionAlgorithm, KeyArn, Operation, Request};
use zeroize::Zeroizing;

use crate::aws::errors::sentence;
use crate::aws::kms::{Kms, other_key};

/// Whether the caller may have a call performed.
pub enum Permission {
    Granted,
    /// A sentence of what failed.
    Denied(String),
}

/// What KMS answered.
struct Answered {
    key_id: Option<String>,
    algorithm: Option<String>,
    secret: Zeroizing<Vec<u8>>,
}

/// Why KMS did not.
struct Refused {
    code: Option<String>,
    sentence: String,
}

type Called = Result<Answered, Refused>;

impl Kms {
    /// Performs what the core planned; or a sentence of what failed. `algorithm` is for Decrypt.
    pub fn perform(&mut self, request: &Request, algorithm: EncryptionAlgorithm) -> Result<Answer, String> {
        let answered = self.call(request, algorithm, None).map_err(|refused| refused.sentence)?;
        if answered.key_id.as_deref() != request.key_id.as_ref().map(KeyArn::as_str) {
            return Err(other_key(request.key_id.as_ref().map_or("", KeyArn::as_str)));
        }
        let accepted = request.accept(answered.key_id.as_deref(), answered.algorithm.as_deref(), &answered.secret);
        accepted.map_err(|error| error.message().to_owned())
    }

    /// The call's DryRun: whether the caller may have it performed.
    pub fn may(&mut self, request: &Request, algorithm: EncryptionAlgorithm) -> Permission {
        match self.call(request, algorithm, Some(true)) {
            // Emulators that do not know DryRun perform it.
            Ok(_) => Permission::Granted,
            Err(refused) if refused.code.as_deref() == Some("DryRunOperationException") => Permission::Granted,
            Err(refused) => Permission::Denied(refused.sentence),
        }
    }

    fn call(&mut self, request: &Request, algorithm: EncryptionAlgorithm, dry_run: Option<bool>) -> Called {
        let Some(key) = &request.key_id else {
            return Err(Refused { code: None, sentence: "KMS does not have this key".to_owned() });
        };
        match request.operation {
            Operation::DeriveSharedSecret => self.derive(key, &request.input, dry_run),
            Operation::Decapsulate => self.decapsulate(key, &request.input, dry_run),
            _ => self.decrypt(key, &request.input, algorithm, dry_run),
        }
    }

    fn decrypt(&mut self, key: &KeyArn, input: &[u8], algorithm: EncryptionAlgorithm, dry_run: Option<bool>) -> Called {
        let call = self.client(Some(key.region().to_owned())).decrypt().key_id(key.as_str());
        let call = call.set_grant_tokens(self.grant_tokens()).ciphertext_blob(Blob::new(input));
        let call = call.encryption_algorithm(EncryptionAlgorithmSpec::from(algorithm.name())).set_dry_run(dry_run);
        let answer = self.block_on(call.send()).map_err(|error| refused(Operation::Decrypt, key, &error))?;
        let algorithm = answer.encryption_algorithm.map(|algorithm| algorithm.as_str().to_owned());
        Ok(Answered { key_id: answer.key_id, algorithm, secret: secret(answer.plaintext) })
    }

    fn derive(&mut self, key: &KeyArn, sender: &[u8], dry_run: Option<bool>) -> Called {
        let call = self.client(Some(key.region().to_owned())).derive_shared_secret().key_id(key.as_str());
        let call = call.set_grant_tokens(self.grant_tokens()).public_key(Blob::new(sender));
        let call = call.key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh).set_dry_run(dry_run);
        let answer = self.block_on(call.send()).map_err(|error| refused(Operation::DeriveSharedSecret, key, &error))?;
        let algorithm = answer.key_agreement_algorithm.map(|algorithm| algorithm.as_str().to_owned());
        Ok(Answered { key_id: answer.key_id, algorithm, secret: secret(answer.shared_secret) })
    }

    fn decapsulate(&mut self, key: &KeyArn, ciphertext: &[u8], dry_run: Option<bool>) -> Called {
        let call = self.client(Some(key.region().to_owned())).decapsulate().key_id(key.as_str());
        let call = call.set_grant_tokens(self.grant_tokens()).shared_secret_ciphertext_blob(Blob::new(ciphertext));
        let call = call.encapsulation_algorithm(EncapsulationAlgorithmSpec::MlKem).set_dry_run(dry_run);
        let answer = self.block_on(call.send()).map_err(|error| refused(Operation::Decapsulate, key, &error))?;
        let algorithm = answer.encapsulation_algorithm.map(|algorithm| algorithm.as_str().to_owned());
        Ok(Answered { key_id: answer.key_id, algorithm, secret: secret(answer.shared_secret) })
    }
}

fn secret(blob: Option<Blob>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(blob.map(Blob::into_inner).unwrap_or_default())
}

fn refused<E>(operation: Operation, key: &KeyArn, error: &SdkError<E>) -> Refused
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    Refused { code: error.code().map(str::to_owned), sentence: sentence(Some(operation), key.as_str(), error) }
}
