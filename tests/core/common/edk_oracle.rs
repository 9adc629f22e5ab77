//! What must hold for an encrypted data key of any bytes: the oracle of the fuzz target `edk`.

use std::sync::LazyLock;

use kmseal::{EncryptionContext, Header, HeaderRead, Locked, OpenerKey, Operation};
use serde_json::Value;

use super::edge::LIMITS;
use super::forge::{Edk, Forge};
use super::kinds::{Known, vectors};

const ML_KEM: &str = "kmseal-ml-kem-draft-1";

struct Setting {
    keys: Vec<OpenerKey>,
    seeds: Vec<Vec<u8>>,
    providers: Vec<String>,
}

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let mut setting = Setting { keys: vec![], seeds: vec![], providers: vec![] };
    let mut add = |key: OpenerKey, edk: Edk| {
        let id = String::from_utf8(edk.provider_id).expect("a provider id");
        let at = setting.providers.iter().position(|known| *known == id).unwrap_or(setting.providers.len());
        if at == setting.providers.len() {
            setting.providers.push(id);
        }
        setting.keys.push(key);
        let info_len = (edk.provider_info.len() as u16).to_be_bytes();
        setting.seeds.push([&[at as u8], info_len.as_slice(), &edk.provider_info, &edk.ciphertext].concat());
    };
    for vector in vectors() {
        for known in &vector.recipients {
            let ciphertext = match known {
                Known::Rsa(_) => continue,
                Known::Ecdh(known) => &known.ciphertext,
                Known::Raw(known) => &known.ciphertext,
            };
            let (provider_id, provider_info) = known.provider();
            let edk = Edk {
                provider_id: provider_id.to_vec(),
                provider_info: provider_info.to_vec(),
                ciphertext: ciphertext.clone(),
            };
            add(vector.opener_key(known), edk);
        }
    }
    let known: Value = serde_json::from_str(include_str!("../../vectors/kinds/ml-kem.json")).expect("JSON");
    let bytes = |field: &str| hex::decode(known[0][field].as_str().expect("a text")).expect("hexadecimal");
    let edk =
        Edk { provider_id: ML_KEM.into(), provider_info: bytes("provider_info"), ciphertext: bytes("edk_ciphertext") };
    add(super::arn(known[0]["arn"].as_str().expect("an ARN")).into(), edk);
    setting
});

pub fn seeds() -> Vec<Vec<u8>> {
    SETTING.seeds.clone()
}

/// Whatever an encrypted data key is: it is asked about only in a form that a key can have made, and a wrong answer opens nothing.
///
/// Bytes: which provider, the length of the provider info in two bytes, provider info, ciphertext.
pub fn edk(input: &[u8]) {
    let Some(([provider, len @ ..], rest)) = input.split_first_chunk::<3>() else { return };
    let Some((info, ciphertext)) = rest.split_at_checked(u16::from_be_bytes(*len).into()) else { return };
    let provider_id = &SETTING.providers[usize::from(*provider) % SETTING.providers.len()];
    let mut forge = Forge::new(b"");
    forge.edks = vec![Edk { provider_info: info.to_vec(), ..Edk::new(provider_id, "", ciphertext) }];
    let Ok(HeaderRead::Done(header)) = Header::read(&forge.header(), &LIMITS) else { return };
    let entry = &header.encrypted_data_keys()[0];
    if let Some(named) = entry.ecc_key() {
        assert!(named.key_spec.starts_with("ECC_NIST_P") && named.fingerprint.len() == 51);
    }
    assert!(entry.key_arn().is_none() || provider_id == ML_KEM);
    let locked = Locked::new(header, &EncryptionContext::default()).expect("no context");
    for candidate in locked.candidates(&SETTING.keys).unwrap_or_default() {
        let request = &candidate.request;
        let (len, key_id) = match request.operation {
            Operation::DeriveSharedSecret => {
                // Uncompressed in the request, compressed in the envelope.
                let coordinate = (info.len() - 9) / 2 - 1;
                let point = &request.input[request.input.len() - 2 * coordinate - 1..];
                assert_eq!((point[0], &point[1..=coordinate]), (4, &info[info.len() - coordinate..]));
                assert_eq!(2 + (point[2 * coordinate] & 1), info[info.len() - coordinate - 1]);
                assert_eq!((info[0], ciphertext.len()), (1, 112));
                (coordinate, request.key_id.as_ref())
            }
            Operation::Decapsulate => {
                assert!(ciphertext.starts_with(&request.input) && ciphertext.len() == request.input.len() + 80);
                (32, request.key_id.as_ref())
            }
            Operation::Unwrap => {
                assert!(request.input == ciphertext && (256..=512).contains(&ciphertext.len()));
                (32, None)
            }
            other => panic!("{other:?}"),
        };
        let key_id = key_id.map(|key_id| key_id.as_str());
        let answer = request.accept(key_id, request.algorithm(), &vec![1; len]).expect("an answer's length");
        assert!(locked.unlock(&candidate, &answer).is_err());
    }
}
