//! GetPublicKey's answer, and the RSA key in its DER; and what must not be used instead.

use alloc::string::String;
use alloc::vec::Vec;

use rsa::{BoxedUint, PublicKey as RsaPublicKey};

use crate::der::{
    BIT_STRING, Element, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, elements, positive, sequence,
};
use crate::encryption_algorithm::EncryptionAlgorithm;
use crate::error::{Code, Error, Reason, Result};

pub(crate) const CREATE: &str = "create one with: aws kms create-key --key-spec RSA_4096 --key-usage ENCRYPT_DECRYPT, or --key-spec ECC_NIST_P384 --key-usage KEY_AGREEMENT";

/// The answer of KMS GetPublicKey; absent fields are not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetPublicKeyOutput {
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
    /// `KeyAgreementAlgorithms`, of ECC keys.
    pub key_agreement_algorithms: Option<Vec<String>>,
    /// `EncapsulationAlgorithms`, of ML-KEM keys.
    pub encapsulation_algorithms: Option<Vec<String>>,
}

impl GetPublicKeyOutput {
    /// Refuses keys that nothing can be sealed for, before their bytes are read.
    pub(crate) fn check_usable(&self, algorithm: EncryptionAlgorithm) -> Result<()> {
        let spec = self.key_spec.as_deref().unwrap_or_default();
        let (specs, listed, name): (&[&str], _, _) = match self.key_usage.as_deref() {
            Some("ENCAPSULATE_DECAPSULATE") if !cfg!(feature = "every-kind") => {
                let what = "this build seals only for RSA and ECC keys of KMS";
                return Err(Error::new(Code::KeyUnsupported, &[what]).because(Reason::Experimental));
            }
            Some("KEY_AGREEMENT") => (&["ECC_NIST_P"], &self.key_agreement_algorithms, "ECDH"),
            Some("ENCAPSULATE_DECAPSULATE") => {
                (&["ML_KEM_768", "ML_KEM_1024"], &self.encapsulation_algorithms, "ML_KEM")
            }
            Some("ENCRYPT_DECRYPT") => (&["RSA_"], &self.encryption_algorithms, algorithm.name()),
            None => (&["RSA_", "ECC_NIST_P", "ML_KEM_"], &self.encryption_algorithms, algorithm.name()),
            Some(usage) => return Err(unsupported(&["its usage is ", usage, ", and a key's usage cannot be changed"])),
        };
        if cfg!(feature = "every-kind") && spec == "ML_KEM_512" {
            let create = "aws kms create-key --key-spec ML_KEM_768 --key-usage ENCAPSULATE_DECAPSULATE";
            let what = [
                "this key cannot seal: its spec is ML_KEM_512, and the least is ML_KEM_768; create one with: ",
                create,
            ];
            return Err(Error::new(Code::KeyUnsupported, &what));
        }
        if self.key_spec.is_some() && !specs.iter().any(|start| spec.starts_with(start)) {
            return Err(unsupported(&["its spec is ", spec]));
        }
        match listed {
            Some(listed) if !listed.iter().any(|other| other == name) => {
                Err(unsupported(&[name, " is not among its algorithms"]))
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

pub(crate) const PKCS1: &str = "it is in PKCS#1 form, and not a SubjectPublicKeyInfo";
pub(crate) const CERTIFICATE: &str = "it is a certificate; do not ship it in the key's place";
pub(crate) const PRIVATE: &str = "it holds a private key: never ship one to a page, and treat this one as exposed";

const OTHER_KIND: &str = if cfg!(feature = "every-kind") {
    "it is neither RSA (rsaEncryption) nor ECC on P-256, P-384 or P-521, nor ML-KEM-768 or ML-KEM-1024"
} else {
    "it is neither RSA (rsaEncryption) nor ECC on P-256, P-384 or P-521"
};

/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017, A.1), as the content of an OBJECT IDENTIFIER.
const RSA_ENCRYPTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// Reads a SubjectPublicKeyInfo of an RSA key, and distinguishes it from everything else that people paste.
/// `get` says what gives the right form.
pub(crate) fn rsa_key(der: &[u8], get: &str) -> Result<RsaPublicKey> {
    let outer = sequence(der).unwrap_or_default();
    let [(SEQUENCE, algorithm), (BIT_STRING, bits)] = outer.as_slice() else {
        return Err(invalid(&[describe(&outer), get]));
    };
    let algorithm = elements(algorithm).unwrap_or_default();
    match algorithm.as_slice() {
        [(OBJECT_IDENTIFIER, RSA_ENCRYPTION), (NULL, [])] => {}
        // RFC 8017, A.1: the parameters MUST be NULL.
        [(OBJECT_IDENTIFIER, RSA_ENCRYPTION), ..] => {
            return Err(invalid(&["its algorithm parameters are not NULL"]));
        }
        _ => return Err(unsupported(&[OTHER_KIND])),
    }
    let key = bits.strip_prefix(&[0]).and_then(pkcs1_key);
    key.ok_or_else(|| invalid(&["the RSA key inside is malformed, or its modulus is invalid"]))
}

/// Modulus and exponent (RFC 8017, A.1.1).
fn pkcs1_key(der: &[u8]) -> Option<RsaPublicKey> {
    let numbers = sequence(der)?;
    let [(INTEGER, n), (INTEGER, e)] = numbers.as_slice() else { return None };
    let number = |content| {
        let bytes = positive(content)?;
        BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len()).ok()?.saturating_mul(8)).ok()
    };
    RsaPublicKey::new(number(n)?, number(e)?).ok()
}

/// What the elements inside an outer SEQUENCE belong to.
fn describe(outer: &[Element<'_>]) -> &'static str {
    match outer {
        [(SEQUENCE, _), (SEQUENCE, _), (BIT_STRING, _)] => CERTIFICATE,
        [(INTEGER, _), (INTEGER, _)] => PKCS1,
        [(INTEGER, _), ..] | [(SEQUENCE, _), (OCTET_STRING, _)] => PRIVATE,
        _ => "its DER is malformed, cut short, or has bytes after its end",
    }
}

pub(crate) fn unsupported(what: &[&str]) -> Error {
    Error::new(Code::KeyUnsupported, &["this key cannot seal: ", &what.concat(), "; ", CREATE])
}

pub(crate) fn invalid(what: &[&str]) -> Error {
    Error::new(Code::KeyInvalid, &["this is not a usable public key: ", &what.concat()])
}
