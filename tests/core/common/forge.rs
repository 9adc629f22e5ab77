//! Messages written field by field from docs/format.md, without the crate's code: every field can be made
//! wrong while all keys, commitments and tags stay right for what is written.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use kmseal::Request;
use sha2::{Digest, Sha384, Sha512};

use super::edge::{LIMITS, Opener, Outcome};
use super::{ARN, arn, context};

pub const DATA_KEY: [u8; 32] = [7; 32];
/// What stands for RSA ciphertext, as long as such: [`Forge::decrypt`] answers for this and for nothing else.
pub const WRAPPED: &[u8] = &[b'w'; 256];

/// A message; what is public may be altered before it is written.
#[derive(Clone)]
pub struct Forge {
    pub version: u8,
    pub suite: u16,
    pub message_id: [u8; 32],
    /// Count and pairs as they are written; nothing at all for an empty context.
    pub stored: Vec<u8>,
    /// Count and pairs of the required context, which the header tag covers.
    pub required: Vec<u8>,
    /// Count and pairs that the digest covers.
    pub whole: Vec<u8>,
    pub edk_count: Option<u16>,
    pub edks: Vec<Edk>,
    pub content_type: u8,
    pub frame_length: u32,
    /// Written in place of the right one, and covered by the header tag.
    pub commit_key: Option<[u8; 32]>,
    pub frames: Vec<ForgedFrame>,
    pub after: Vec<u8>,
}

#[derive(Clone)]
pub struct Edk {
    pub provider_id: Vec<u8>,
    pub provider_info: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

#[derive(Clone)]
pub struct ForgedFrame {
    pub sequence: u32,
    pub iv: [u8; 12],
    pub last: bool,
    pub content: Vec<u8>,
}

impl Edk {
    pub fn new(provider_id: &str, provider_info: &str, ciphertext: &[u8]) -> Self {
        Self { provider_id: provider_id.into(), provider_info: provider_info.into(), ciphertext: ciphertext.into() }
    }

    /// As it stands in a header.
    pub fn fields(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for bytes in [&self.provider_id, &self.provider_info, &self.ciphertext] {
            field(&mut out, bytes);
        }
        out
    }
}

impl ForgedFrame {
    pub fn new(sequence: u32, last: bool, content: &[u8]) -> Self {
        let mut iv = [0; 12];
        iv[8..].copy_from_slice(&sequence.to_be_bytes());
        Self { sequence, iv, last, content: content.to_vec() }
    }
}

impl Forge {
    /// A right message of frames of 8 bytes; an exact multiple ends in a full final frame.
    pub fn new(plaintext: &[u8]) -> Self {
        let mut frames: Vec<ForgedFrame> =
            plaintext.chunks(8).zip(1..).map(|(content, n)| ForgedFrame::new(n, false, content)).collect();
        match frames.last_mut() {
            Some(last) => last.last = true,
            None => frames.push(ForgedFrame::new(1, true, &[])),
        }
        Self {
            version: 2,
            suite: 0x0478,
            message_id: [9; 32],
            stored: Vec::new(),
            required: Vec::new(),
            whole: Vec::new(),
            edk_count: None,
            edks: vec![Edk::new("aws-kms-rsa", ARN, WRAPPED)],
            content_type: 2,
            frame_length: 8,
            commit_key: None,
            frames,
            after: Vec::new(),
        }
    }

    /// Stores these pairs, in this order; the digest covers them sorted by the bytes of the key.
    pub fn store(mut self, pairs: &[(&[u8], &[u8])]) -> Self {
        self.stored = serialize(pairs);
        let mut sorted = pairs.to_vec();
        sorted.sort();
        self.whole = serialize(&sorted);
        self
    }

    pub fn digest(&self) -> [u8; 48] {
        Sha384::digest(&self.whole).into()
    }

    /// What KMS answers for the right key: digest, data key.
    pub fn answer(&self) -> Vec<u8> {
        [self.digest().as_slice(), &DATA_KEY].concat()
    }

    /// KMS Decrypt.
    pub fn decrypt(&self, request: &Request) -> Option<Vec<u8>> {
        (request.input == WRAPPED).then(|| self.answer())
    }

    fn derive(&self, info: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha512>::new(Some(&self.message_id), &DATA_KEY).expand(info, &mut key).expect("32 bytes");
        key
    }

    fn encrypt(&self, iv: &[u8; 12], aad: &[u8], content: &[u8]) -> Vec<u8> {
        let key = self.derive(b"\x04\x78DERIVEKEY");
        let cipher = Aes256Gcm::new(&key.into());
        cipher.encrypt(iv.into(), Payload { msg: content, aad }).expect("short content")
    }

    pub fn header_body(&self) -> Vec<u8> {
        let mut body = vec![self.version];
        body.extend(self.suite.to_be_bytes());
        body.extend(self.message_id);
        field(&mut body, &self.stored);
        body.extend(self.edk_count.unwrap_or(self.edks.len() as u16).to_be_bytes());
        body.extend(self.edks.iter().flat_map(Edk::fields));
        body.push(self.content_type);
        body.extend(self.frame_length.to_be_bytes());
        body.extend(self.commit_key.unwrap_or_else(|| self.derive(b"COMMITKEY")));
        body
    }

    pub fn header(&self) -> Vec<u8> {
        let body = self.header_body();
        let tag = self.encrypt(&[0; 12], &[body.as_slice(), &self.required].concat(), &[]);
        [body, tag].concat()
    }

    pub fn frame(&self, frame: &ForgedFrame) -> Vec<u8> {
        let len = frame.content.len();
        let sequence = frame.sequence.to_be_bytes();
        let mut aad = self.message_id.to_vec();
        aad.extend(if frame.last {
            b"AWSKMSEncryptionClient Final Frame".as_slice()
        } else {
            b"AWSKMSEncryptionClient Frame"
        });
        aad.extend(sequence);
        aad.extend((len as u64).to_be_bytes());
        let sealed = self.encrypt(&frame.iv, &aad, &frame.content);
        if frame.last {
            [&[0xff; 4], &sequence, frame.iv.as_slice(), &(len as u32).to_be_bytes(), &sealed].concat()
        } else {
            [&sequence, frame.iv.as_slice(), &sealed].concat()
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let frames: Vec<Vec<u8>> = self.frames.iter().map(|frame| self.frame(frame)).collect();
        [self.header(), frames.concat(), self.after.clone()].concat()
    }
}

impl Forge {
    /// Opens it with the key of [`ARN`], expecting these pairs.
    pub fn open(&self, expected: &[(&str, &str)]) -> Outcome {
        self.open_bytes(&self.bytes(), expected)
    }

    /// Opens other bytes with this message's key.
    pub fn open_bytes(&self, envelope: &[u8], expected: &[(&str, &str)]) -> Outcome {
        let ask = |request: &Request| self.decrypt(request);
        let opener = Opener { keys: vec![arn(ARN).into()], expected: context(expected), limits: LIMITS, ask: &ask };
        opener.open(&[envelope])
    }

    /// Opens it, which must succeed.
    pub fn opens(&self, expected: &[(&str, &str)]) -> Outcome {
        let outcome = self.open(expected);
        assert!(outcome.end.is_ok(), "{outcome:?}");
        outcome
    }
}

/// Count and pairs, in this order.
pub fn serialize(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut out = (pairs.len() as u16).to_be_bytes().to_vec();
    for (key, value) in pairs {
        field(&mut out, key);
        field(&mut out, value);
    }
    out
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u16::try_from(bytes.len()).expect("a short field").to_be_bytes());
    out.extend(bytes);
}
