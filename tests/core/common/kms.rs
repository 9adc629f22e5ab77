//! A key pair as KMS holds it: the private half answers Decrypt, the public half is imported.

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kmseal::{EncryptionAlgorithm, ImportOptions, KmsPublicKey};
use rsa::pkcs8::EncodePublicKey;
use rsa::{Oaep, PrivateKey as RsaPrivateKey};
use sha1::Sha1;
use sha2::Sha256;

pub struct KmsKey {
    pub arn: String,
    private: RsaPrivateKey,
}

impl KmsKey {
    pub fn create(arn: &str, bits: usize) -> Self {
        let private = RsaPrivateKey::new(&mut UnwrapErr(SysRng), bits).expect("a new key");
        Self { arn: arn.to_owned(), private }
    }

    pub fn public_der(&self) -> Vec<u8> {
        self.private.to_public_key().to_public_key_der().expect("DER").into_vec()
    }

    pub fn public_key(&self, algorithm: EncryptionAlgorithm) -> KmsPublicKey {
        let options = ImportOptions {
            key_ids: vec![self.arn.clone()],
            encryption_algorithm: algorithm,
            ..ImportOptions::default()
        };
        KmsPublicKey::from_der(&self.public_der(), &options).expect("a usable key")
    }

    /// KMS Decrypt; nothing where it answers InvalidCiphertextException.
    pub fn decrypt(&self, algorithm: EncryptionAlgorithm, ciphertext: &[u8]) -> Option<Vec<u8>> {
        match algorithm {
            EncryptionAlgorithm::RsaesOaepSha256 => self.private.decrypt(Oaep::<Sha256>::new(), ciphertext),
            EncryptionAlgorithm::RsaesOaepSha1 => self.private.decrypt(Oaep::<Sha1>::new(), ciphertext),
            other => panic!("{other:?} is not known here"),
        }
        .ok()
    }
}
