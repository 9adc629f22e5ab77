//! GetPublicKey's answer: checked, and written as JSON.

use aws_sdk_kms::operation::get_public_key::GetPublicKeyOutput as Answered;
use aws_sdk_kms::primitives::Blob;
use base64ct::{Base64, Encoding};
use kmseal::{GetPublicKeyOutput, ImportOptions, KmsPublicKey};
use serde_json::{Map, Value, json};

use crate::failure::Result;
use crate::text::printable_json;

/// Checks what KMS answered.
pub fn check(answer: &Answered, options: &ImportOptions) -> Result<KmsPublicKey> {
    let answer = GetPublicKeyOutput {
        key_id: answer.key_id().map(str::to_owned),
        public_key: answer.public_key().map(|blob| blob.as_ref().to_vec()).unwrap_or_default(),
        key_spec: answer.key_spec().map(|spec| spec.as_str().to_owned()),
        key_usage: answer.key_usage().map(|usage| usage.as_str().to_owned()),
        encryption_algorithms: names(answer.encryption_algorithms().iter().map(|name| name.as_str())),
        key_agreement_algorithms: names(answer.key_agreement_algorithms().iter().map(|name| name.as_str())),
        encapsulation_algorithms: names(answer.encapsulation_algorithms().iter().map(|name| name.as_str())),
    };
    Ok(KmsPublicKey::from_get_public_key(&answer, options)?)
}

/// The SDK gives an empty list for a missing field. The usage of a key shows what it can do.
fn names<'a>(list: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    Some(list.map(str::to_owned).collect()).filter(|list: &Vec<_>| !list.is_empty())
}

/// The JSON that the AWS CLI prints for this answer.
pub fn write(answer: &Answered) -> String {
    let mut json = Map::from_iter([
        ("KeyId".to_owned(), answer.key_id().into()),
        ("PublicKey".to_owned(), answer.public_key().map(Blob::as_ref).map(Base64::encode_string).into()),
        ("KeySpec".to_owned(), answer.key_spec().map(|spec| spec.as_str()).into()),
        ("KeyUsage".to_owned(), answer.key_usage().map(|usage| usage.as_str()).into()),
    ]);
    let lists = [
        ("EncryptionAlgorithms", names(answer.encryption_algorithms().iter().map(|name| name.as_str()))),
        ("KeyAgreementAlgorithms", names(answer.key_agreement_algorithms().iter().map(|name| name.as_str()))),
        ("EncapsulationAlgorithms", names(answer.encapsulation_algorithms().iter().map(|name| name.as_str()))),
    ];
    json.extend(lists.into_iter().filter_map(|(name, list)| Some((name.to_owned(), json!(list?)))));
    printable_json(&format!("{:#}\n", Value::Object(json)))
}
