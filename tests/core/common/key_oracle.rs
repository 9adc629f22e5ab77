//! What must hold for a key of any bytes, beside `key` of oracles.rs: ECC and ML-KEM keys of KMS, and raw RSA keys with their files.

use kmseal::{ImportOptions, KmsPublicKey, RawKeyOptions, RawPublicKey, RsaPublicKey};
use rsa::pkcs8::der::Decode;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

use super::ARN;
use super::json::Parsed;
use super::kinds::{Known, vectors};

const PEM: &str = include_str!("../../keys/rsa-2048.pem");

/// A key of each kind, and the files of raw keys.
pub fn seeds() -> Vec<Vec<u8>> {
    let text = |file: Value| file.to_string().into_bytes();
    let mut seeds = vec![text(json!({ "pem": PEM, "algorithm": "RSA_DECRYPT_OAEP_2048_SHA512" }))];
    for known in vectors().into_iter().flat_map(|vector| vector.recipients) {
        match known {
            Known::Rsa(_) => {}
            Known::Ecdh(known) => seeds.push(known.public_key_spki),
            Known::Raw(known) => seeds.push(text(written(&known.key()))),
        }
    }
    let known: Value = serde_json::from_str(include_str!("../../vectors/kinds/ml-kem.json")).expect("JSON");
    let spki = known[0]["public_key_spki"].as_str().expect("a text");
    seeds.push(hex::decode(spki).expect("hexadecimal"));
    seeds
}

/// The keys that are taken are those that another reader takes, of bytes that it writes again; a file is read as it was written.
pub fn other_kinds(input: &[u8], der: &[u8]) {
    let spec = |usage: &str| {
        let (key_ids, key_usage) = (vec![ARN.to_owned()], Some(usage.to_owned()));
        let options = ImportOptions { key_ids, key_usage, experimental: true, ..ImportOptions::default() };
        KmsPublicKey::from_der(der, &options).ok().map(|key| key.key_spec())
    };
    let curves = [
        ("ECC_NIST_P256", is_written_again::<p256::PublicKey>(der)),
        ("ECC_NIST_P384", is_written_again::<p384::PublicKey>(der)),
        ("ECC_NIST_P521", is_written_again::<p521::PublicKey>(der)),
    ];
    assert_eq!(spec("KEY_AGREEMENT"), curves.into_iter().find(|(_, is_one)| *is_one).map(|(spec, _)| spec));
    assert_eq!(spec("ENCAPSULATE_DECAPSULATE"), ml_kem_spec(der));
    if let Ok(file) = RawPublicKey::read::<Parsed>(input) {
        assert_eq!(file.public_key, der);
        raw(&file);
    }
}

fn is_written_again<K: DecodePublicKey + EncodePublicKey>(der: &[u8]) -> bool {
    K::from_public_key_der(der).is_ok_and(|key| key.to_public_key_der().expect("DER").as_bytes() == der)
}

/// RFC 9935, 4; FIPS 203, 4.2.1 ("ByteDecode") and 7.2: bit by bit.
fn ml_kem_spec(der: &[u8]) -> Option<&'static str> {
    let info = SubjectPublicKeyInfoRef::from_der(der).ok().filter(|info| info.algorithm.parameters.is_none())?;
    let (spec, len) = match info.algorithm.oid.to_string().as_str() {
        "2.16.840.1.101.3.4.4.2" => ("ML_KEM_768", 1184),
        "2.16.840.1.101.3.4.4.3" => ("ML_KEM_1024", 1568),
        _ => return None,
    };
    let key = info.subject_public_key.as_bytes().filter(|key| key.len() == len)?;
    let bit = |at: usize| u16::from(key[at / 8] >> (at % 8) & 1);
    let number = |index: usize| (0..12).map(|place| bit(12 * index + place) << place).sum::<u16>();
    (0..(len - 32) * 8 / 12).all(|index| number(index) < 3329).then_some(spec)
}

/// A raw key is taken under names that nobody else has, with a hash of the four.
fn raw(file: &RawPublicKey) {
    let missing = |found: &Option<String>, name: &str| found.is_none().then(|| name.to_owned());
    let key_namespace = missing(&file.key_namespace, "example");
    let key_name = missing(&file.key_name, "offline");
    let key = RsaPublicKey::new(file, &RawKeyOptions { key_namespace, key_name, ..RawKeyOptions::default() });

    let namespace = file.key_namespace.as_deref().unwrap_or("example");
    let name = file.key_name.as_deref().unwrap_or("offline");
    let hash = file.hash.as_deref().unwrap_or("SHA-256");
    let others = ["aws-kms", "raw-ecdh", "kmseal-"].iter().any(|start| namespace.starts_with(start));
    let fits = |text: &str| (1..=usize::from(u16::MAX)).contains(&text.len());
    let known = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"].contains(&hash);
    let other = rsa::PublicKey::from_public_key_der(&file.public_key).ok();
    let other = other.filter(|_| is_written_again::<rsa::PublicKey>(&file.public_key));
    let other = other.filter(|key| (2048..=4096).contains(&key.n().bit_width()) && key.e().bit_width() > 16);
    assert_eq!(key.is_ok(), other.is_some() && known && !others && fits(namespace) && fits(name));

    let Ok(key) = key else { return };
    assert_eq!((key.key_namespace(), key.key_name(), key.hash().name()), (namespace, name, hash));
    let mut whole = file.clone();
    (whole.key_namespace, whole.key_name) = (Some(namespace.to_owned()), Some(name.to_owned()));
    whole.hash = Some(hash.to_owned());
    assert_eq!(RawPublicKey::read::<Parsed>(written(&key).to_string().as_bytes()), Ok(whole));
}

/// A raw key's file.
fn written(key: &RsaPublicKey) -> Value {
    json!({
        "keyNamespace": key.key_namespace(), "keyName": key.key_name(), "hash": key.hash().name(),
        "PublicKey": key.public_key_base64(),
    })
}
