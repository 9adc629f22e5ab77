//! What a key may arrive as: GetPublicKey's answer, PEM, base64 or DER, and what it must not be.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use rsa::RsaPublicKey;
use rsa::pkcs1::{ALGORITHM_OID, DecodeRsaPublicKey};
use rsa::pkcs8::der::asn1::AnyRef;
use rsa::pkcs8::der::{Decode, Reader, SliceReader, Tag, Tagged};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;

use crate::error::{Code, Error, Result};
use crate::public_key::{EncryptionAlgorithm, invalid};

const CREATE: &str = "create one with: aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT";

/// The answer of KMS GetPublicKey; fields that are absent are not checked.
#[derive(Clone, Debug, Default)]
pub struct GetPublicKey {
    /// `KeyId`: always the key ARN, even when asked by alias.
    pub key_id: Option<String>,
    /// `PublicKey`: a DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// `KeySpec`, or the older `CustomerMasterKeySpec`.
    pub key_spec: Option<String>,
    /// `KeyUsage`.
    pub key_usage: Option<String>,
    /// `EncryptionAlgorithms`.
    pub encryption_algorithms: Option<Vec<String>>,
}

impl GetPublicKey {
    /// Refuses keys that cannot encrypt, before their bytes are looked at.
    pub(crate) fn check_usable(&self, algorithm: EncryptionAlgorithm) -> Result<()> {
        if let Some(usage) = self.key_usage.as_deref().filter(|usage| *usage != "ENCRYPT_DECRYPT") {
            return Err(unsupported(&["its usage is ", usage, ", and a key's usage cannot be changed"]));
        }
        if let Some(spec) = self.key_spec.as_deref().filter(|spec| !spec.starts_with("RSA_")) {
            return Err(unsupported(&["its spec is ", spec]));
        }
        let name = algorithm.name();
        match &self.encryption_algorithms {
            Some(listed) if !listed.iter().any(|other| other == name) => {
                Err(unsupported(&[name, " is not among its EncryptionAlgorithms"]))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn check_spec(&self, actual: &str) -> Result<()> {
        match self.key_spec.as_deref() {
            Some(stated) if stated != actual => {
                Err(invalid(&["its KeySpec says ", stated, ", but the key inside is ", actual]))
            }
            _ => Ok(()),
        }
    }
}

/// DER from PEM or base64 text.
///
/// # Errors
/// [`Code::KeyInvalid`], with what the text seems to be instead.
pub fn decode_text(text: &str) -> Result<Vec<u8>> {
    // Lines of any length and indent (RFC 7468, 2: parsers SHOULD take other widths than 64).
    let mut text = text.to_owned();
    text.retain(|c| !c.is_ascii_whitespace() && c != '\u{feff}');
    // Also behind other blocks and text, as openssl writes them.
    let has = |label: &[u8]| text.as_bytes().split(|byte| *byte == b'-').any(|part| part.ends_with(label));
    if has(b"PRIVATEKEY") {
        return Err(invalid(&[PRIVATE]));
    }
    if has(b"CERTIFICATE") {
        return Err(invalid(&[CERTIFICATE]));
    }
    let Some(pem) = text.strip_prefix("-----BEGIN") else {
        return Base64::decode_vec(&text)
            .map_err(|_| invalid(&["it is neither PEM nor base64; pass what `aws kms get-public-key` printed"]));
    };
    if pem.starts_with("RSAPUBLICKEY-") {
        return Err(invalid(&[PKCS1]));
    }
    let Some(body) = pem.strip_prefix("PUBLICKEY-----") else {
        return Err(invalid(&["its PEM label is not PUBLIC KEY"]));
    };
    let body = body.strip_suffix("-----ENDPUBLICKEY-----");
    let der = body.and_then(|body| Base64::decode_vec(body).ok());
    der.ok_or_else(|| invalid(&["its PEM is damaged; download it again"]))
}

const PKCS1: &str = "it is in PKCS#1 form; pass the SubjectPublicKeyInfo that GetPublicKey answers";
const CERTIFICATE: &str =
    "it is a certificate; pass the key that GetPublicKey answers, and do not ship the certificate in its place";
const PRIVATE: &str = "it is a private key: never ship one to a page, and treat this one as exposed; pass the public key that GetPublicKey answers";

/// Reads a SubjectPublicKeyInfo of an RSA key, and tells it from everything else people paste.
pub(crate) fn rsa_key(der: &[u8]) -> Result<RsaPublicKey> {
    let Ok(spki) = SubjectPublicKeyInfoRef::from_der(der) else {
        return Err(invalid(&[describe(der)]));
    };
    if spki.algorithm.oid != ALGORITHM_OID {
        return Err(unsupported(&["it is not an RSA key (rsaEncryption)"]));
    }
    // RFC 8017, A.1: the parameters MUST be NULL.
    if !spki.algorithm.parameters.is_some_and(|parameters| parameters.is_null()) {
        return Err(invalid(&["its algorithm parameters are not NULL"]));
    }
    let key = spki.subject_public_key.as_bytes().and_then(|key| RsaPublicKey::from_pkcs1_der(key).ok());
    key.ok_or_else(|| invalid(&["the RSA key inside is malformed, or its modulus is not one"]))
}

fn describe(der: &[u8]) -> &'static str {
    match children(der).as_deref() {
        Some([Tag::Sequence, Tag::Sequence, Tag::BitString]) => CERTIFICATE,
        Some([Tag::Integer, Tag::Integer]) => PKCS1,
        Some([Tag::Integer, ..]) | Some([Tag::Sequence, Tag::OctetString]) => PRIVATE,
        _ => "its DER is malformed, cut short, or has bytes after its end",
    }
}

/// The tags inside the outer SEQUENCE.
fn children(der: &[u8]) -> Option<Vec<Tag>> {
    let outer = AnyRef::from_der(der).ok()?;
    let mut reader = SliceReader::new(outer.value()).ok()?;
    let mut tags = Vec::new();
    while outer.tag() == Tag::Sequence && !reader.is_finished() {
        tags.push(AnyRef::decode(&mut reader).ok()?.tag());
    }
    Some(tags)
}

fn unsupported(what: &[&str]) -> Error {
    Error::new(Code::KeyUnsupported, &["this key cannot seal: ", &what.concat(), "; ", CREATE])
}
