//! What an envelope is sealed for, in words.

use kmseal::{EncryptedDataKey, Header, OpenerKey, Recipients};

use crate::envelope::opener_keys::Allowed;
use crate::failure::Failure;

/// Why none of the given keys opens it, and what to do.
pub fn sealed_for_others(header: &Header, allowed: &Allowed) -> Failure {
    let edks = header.encrypted_data_keys();
    let named: Vec<String> = edks.iter().map(describe).collect();
    let why = match allowed {
        Allowed::Listed(_) => "none of them is a key that was given",
        _ if edks.iter().any(|edk| edk.ecc_key().is_some()) => {
            "an ECC key must be given: its public key with --key, or its ARN with --key-id"
        }
        _ => "none of them is a KMS key; give an own key with --raw-key and --private-key",
    };
    Failure::no_match(format!("this envelope is sealed for {}; {why}", named.join(", ")))
}

/// Its keys that are not among the new recipients, so that they do not open what is sealed for those. Two raw keys of one name are one here,
/// since an envelope does not tell them apart.
pub fn left_out(header: &Header, recipients: &Recipients) -> Vec<String> {
    let keys: Vec<OpenerKey> = recipients.iter().map(OpenerKey::from).collect();
    let mut left_out: Vec<String> = Vec::new();
    for edk in header.encrypted_data_keys().iter().filter(|edk| !keys.iter().any(|key| edk.is_for(key))) {
        let name = describe(edk);
        if !left_out.contains(&name) {
            left_out.push(name);
        }
    }
    left_out
}

fn describe(edk: &EncryptedDataKey) -> String {
    match (edk.key_arn(), edk.ecc_key()) {
        (Some(arn), _) => arn.as_str().to_owned(),
        (None, Some(key)) => format!("{} key {}", key.key_spec, key.fingerprint),
        (None, None) => format!(
            "{:?} of provider {:?}",
            String::from_utf8_lossy(&edk.provider_info),
            String::from_utf8_lossy(&edk.provider_id)
        ),
    }
}
