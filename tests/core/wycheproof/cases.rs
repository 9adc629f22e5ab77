//! Project Wycheproof's cases for the primitives that the core builds on, natively and, in the web
//! edge's tests, as compiled to WebAssembly.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha512;
use wycheproof::{aead, hkdf as hkdf_cases};

/// One case of AES-256-GCM with IV and tag as long as frames have them.
pub struct GcmCase {
    pub id: usize,
    pub key: Vec<u8>,
    pub iv: Vec<u8>,
    pub aad: Vec<u8>,
    pub plaintext: Vec<u8>,
    pub ciphertext: Vec<u8>,
    pub tag: Vec<u8>,
    pub valid: bool,
}

pub fn gcm_cases() -> Vec<GcmCase> {
    let set = aead::TestSet::load(aead::TestName::AesGcm).expect("the cases");
    let ours = set.test_groups.into_iter().filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128));
    let cases: Vec<GcmCase> = ours
        .flat_map(|group| group.tests)
        .map(|case| GcmCase {
            id: case.tc_id,
            key: case.key.to_vec(),
            iv: case.nonce.to_vec(),
            aad: case.aad.to_vec(),
            plaintext: case.pt.to_vec(),
            ciphertext: case.ct.to_vec(),
            tag: case.tag.to_vec(),
            valid: !case.result.must_fail(),
        })
        .collect();
    assert!(
        cases.iter().filter(|case| case.valid).count() > 30 && cases.iter().filter(|case| !case.valid).count() > 20
    );
    cases
}

/// The `aes-gcm` crate: the wasm engine, header tags, and the native command's engine.
pub fn check_gcm() {
    for case in gcm_cases() {
        let cipher = Aes256Gcm::new_from_slice(&case.key).expect("a key");
        let iv = case.iv.as_slice().try_into().expect("an IV");
        let tag = case.tag.as_slice().try_into().expect("a tag");
        let mut buffer = case.ciphertext.clone();
        let opened = cipher.decrypt_inout_detached(iv, &case.aad, buffer.as_mut_slice().into(), tag);
        assert_eq!(opened.is_ok(), case.valid, "opening {}", case.id);
        if !case.valid {
            continue;
        }
        assert_eq!(buffer, case.plaintext, "opened {}", case.id);
        let sealed = cipher.encrypt_inout_detached(iv, &case.aad, buffer.as_mut_slice().into()).expect("a tag");
        assert_eq!((buffer, sealed.as_slice()), (case.ciphertext, case.tag.as_slice()), "sealed {}", case.id);
    }
}

/// HKDF-SHA512.
pub fn check_hkdf() {
    let set = hkdf_cases::TestSet::load(hkdf_cases::TestName::HkdfSha512).expect("the cases");
    let cases: Vec<_> = set.test_groups.into_iter().flat_map(|group| group.tests).collect();
    assert!(cases.len() > 50);
    for case in cases {
        let mut key = vec![0; case.size];
        let derived = Hkdf::<Sha512>::new(Some(&case.salt), &case.ikm).expand(&case.info, &mut key);
        assert_eq!(derived.is_err(), case.result.must_fail(), "{}", case.tc_id);
        if derived.is_ok() {
            assert_eq!(key, case.okm.to_vec(), "{}", case.tc_id);
        }
    }
}
