//! RSA private keys outside KMS (RFC 8017, 7.1.2), for `open --private-key`.
//!
//! AWS-LC computes with them: the crate `rsa`, with which the command seals, takes a time that depends on the private key
//! (RUSTSEC-2023-0071), and ring cannot decrypt.

use std::fs::File;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use base64ct::{Base64, Encoding};
use kmseal::{OaepHash, RsaPublicKey};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure, Result};
use crate::files::input::fill;
use crate::system::rights;
use crate::text::file_name;

/// Maximum bytes of the file. RSA_4096 takes 3,300 of them.
const LONGEST_LEN: usize = 64 * 1024;
/// RFC 7468, section 10.
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A private key. AWS-LC wipes its memory when it frees it.
pub struct PrivateKey {
    private: OaepPrivateDecryptingKey,
    public: PublicEncryptingKey,
}

impl PrivateKey {
    /// Reads PKCS#8, as PEM or DER, of a file that only its owner can read; the private key of this public one.
    pub fn read(path: &Path, public: &RsaPublicKey) -> Result<Self> {
        let about = |why: &str| Failure::new(Exit::Key, format!("{}: {why}", file_name(path)));
        let io = |error: std::io::Error| about(&Failure::from(error).to_string());
        let mut file = File::open(path).map_err(io)?;
        if let Some(others) = rights::others(&file).map_err(io)? {
            return Err(about(&format!(
                "this private key can be read by others ({others}); allow only yourself: chmod 600"
            )));
        }
        // Grows never: what a vector leaves behind when it grows is not wiped.
        let mut bytes = Zeroizing::new(vec![0; LONGEST_LEN + 1]);
        let len = fill(&mut file, &mut bytes, 0, LONGEST_LEN + 1).map_err(|failure| about(&failure.to_string()))?;
        let read = if len > LONGEST_LEN { Err(NOT_PKCS8) } else { Self::parse(&bytes[..len]) };
        let key = read.map_err(about)?;
        if key.fingerprint() == public.fingerprint() {
            Ok(key)
        } else {
            Err(about("this is not the private key of the key that --raw-key describes"))
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> std::result::Result<Self, &'static str> {
        let decoded;
        let der = match std::str::from_utf8(bytes).ok().filter(|text| text.contains("-----BEGIN")) {
            Some(text) => {
                decoded = from_pem(text)?;
                decoded.as_slice()
            }
            None => bytes,
        };
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| NOT_PKCS8)?;
        Ok(Self { public: key.public_key(), private: OaepPrivateDecryptingKey::new(key).map_err(|_| NOT_PKCS8)? })
    }

    /// As that of a public key: of SHA-256 over its DER.
    pub(super) fn fingerprint(&self) -> String {
        let der = AsDer::<PublicKeyX509Der<'static>>::as_der(&self.public);
        let hash = der.map(|der| Base64::encode_string(digest(&SHA256, der.as_ref()).as_ref()));
        format!("SHA256:{}", hash.unwrap_or_default())
    }

    /// RSAES-OAEP-DECRYPT with an empty label. All failures look alike, as RFC 8017 asks for.
    pub fn decrypt(&self, hash: OaepHash, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut plaintext = Zeroizing::new(vec![0; self.private.min_output_size()]);
        let len = self.private.decrypt(algorithm(hash)?, ciphertext, &mut plaintext, None).ok()?.len();
        // Shortened in place: no copy is made.
        plaintext.truncate(len);
        Some(plaintext)
    }
}

const NOT_PKCS8: &str = "it is not an RSA private key of 2048 to 8192 bits in PKCS#8; make one with: \
    umask 077; openssl pkey -in key.pem -out pkcs8.pem";
const ENCRYPTED: &str = "this private key is encrypted; decrypt it to a file that only you can read, with: \
    umask 077; openssl pkey -in key.pem -out pkcs8.pem";

fn from_pem(text: &str) -> std::result::Result<Zeroizing<Vec<u8>>, &'static str> {
    if text.contains("ENCRYPTED") {
        return Err(ENCRYPTED);
    }
    let (_, rest) = text.split_once(BEGIN).ok_or(NOT_PKCS8)?;
    let (body, _) = rest.split_once(END).ok_or(NOT_PKCS8)?;
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; base64.len()]);
    let len = Base64::decode(base64.as_bytes(), &mut der).map_err(|_| NOT_PKCS8)?.len();
    der.truncate(len);
    Ok(der)
}

fn algorithm(hash: OaepHash) -> Option<&'static OaepAlgorithm> {
    Some(match hash {
        OaepHash::Sha1 => &OAEP_SHA1_MGF1SHA1,
        OaepHash::Sha256 => &OAEP_SHA256_MGF1SHA256,
        OaepHash::Sha384 => &OAEP_SHA384_MGF1SHA384,
        OaepHash::Sha512 => &OAEP_SHA512_MGF1SHA512,
        _ => return None,
    })
}
