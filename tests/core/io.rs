//! From reader to writer: what `io` seals and opens, and how it fails.

use std::error::Error;
use std::io::{self, Read};

use crate::common::json::Parsed;
use crate::common::key_texts::key_file;
use crate::common::kms::KmsKey;
use crate::common::{ARN, MRK_ARN, MRK_REPLICA_ARN, arn, context, sample};
use getrandom::SysRng;
use kmseal::io::{OpenOptions, SealOptions, StreamError, open_to, seal_to, seal_with};
use kmseal::{
    Code, DataKeySeed, EncryptionAlgorithm, EncryptionContext, FRAME_LENGTHS, KmsPublicKey, Materials, OpenerKey,
    RawKeyOptions, RawPublicKey, Request, RsaPublicKey,
};

const FRAME: usize = 4096;
const ALGORITHM: EncryptionAlgorithm = EncryptionAlgorithm::RsaesOaepSha256;

/// Returns a byte at a time, and is interrupted before each.
struct Slow<'a>(&'a [u8], bool);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = buffer.len().min(1);
        self.0.read(&mut buffer[..len])
    }
}

struct Setting {
    kms: KmsKey,
    key: KmsPublicKey,
}

impl Setting {
    fn new(arn: &str) -> Self {
        let kms = KmsKey::create(arn, 2048);
        Self { key: kms.public_key(ALGORITHM), kms }
    }

    fn seal(&self, plaintext: &mut impl Read) -> Vec<u8> {
        let options = SealOptions {
            stored: context(&[("tenant", "7")]),
            required: context(&[("hidden", "h")]),
            frame_length: Some(FRAME as u32),
        };
        let mut envelope = Vec::new();
        seal_to(plaintext, &mut envelope, std::slice::from_ref(&self.key), &options, &mut SysRng).expect("an envelope");
        envelope
    }

    fn decrypt(&self, request: &Request) -> Result<Vec<u8>, &'static str> {
        self.kms.decrypt(ALGORITHM, &request.input).ok_or("InvalidCiphertextException")
    }

    /// What was written, and how it ended.
    fn open(&self, envelope: &mut impl Read, expected: EncryptionContext) -> (Vec<u8>, Result<u64, Code>) {
        let options = OpenOptions { keys: vec![(&self.key).into()], expected, ..OpenOptions::default() };
        let mut plaintext = Vec::new();
        let opened = open_to(envelope, &mut plaintext, &options, |request| self.decrypt(request));
        let end = opened.map(|opened| opened.plaintext_len).map_err(|error| match error {
            StreamError::Core(error) => error.code(),
            other => panic!("{other}"),
        });
        (plaintext, end)
    }
}

fn expected() -> EncryptionContext {
    context(&[("tenant", "7"), ("hidden", "h")])
}

#[test]
fn every_length_opens_to_what_was_sealed_however_slow_the_reader_is() {
    let setting = Setting::new(ARN);
    for len in [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 3 * FRAME + 9] {
        let plaintext = sample(len);
        let envelope = setting.seal(&mut plaintext.as_slice());
        assert_eq!(setting.open(&mut envelope.as_slice(), expected()), (plaintext.clone(), Ok(len as u64)));
        let slowly = setting.seal(&mut Slow(&plaintext, false));
        assert_eq!(slowly.len(), envelope.len());
        assert_eq!(setting.open(&mut Slow(&slowly, false), expected()), (plaintext, Ok(len as u64)));
    }
}

#[test]
fn an_envelope_that_was_cut_or_appended_to_gives_whole_frames_and_an_error() {
    let setting = Setting::new(ARN);
    let plaintext = sample(2 * FRAME + 100);
    let envelope = setting.seal(&mut plaintext.as_slice());
    for len in (0..envelope.len()).step_by(97) {
        let (written, end) = setting.open(&mut &envelope[..len], expected());
        assert_eq!(end, Err(Code::Truncated), "cut at {len}");
        assert!(plaintext.starts_with(&written) && written.len() % FRAME == 0);
    }
    let longer = [envelope.as_slice(), &[0]].concat();
    assert_eq!(setting.open(&mut longer.as_slice(), expected()), (plaintext, Err(Code::EnvelopeInvalid)));
}

#[test]
fn an_altered_envelope_and_another_context_do_not_open() {
    let setting = Setting::new(ARN);
    let mut envelope = setting.seal(&mut sample(100).as_slice());
    assert_eq!(setting.open(&mut envelope.as_slice(), context(&[("tenant", "8")])).1, Err(Code::Context));
    let last = envelope.len() - 20;
    envelope[last] ^= 1;
    assert_eq!(setting.open(&mut envelope.as_slice(), expected()), (vec![], Err(Code::Authentication)));
}

#[test]
fn the_next_key_is_asked_when_kms_fails_and_all_causes_are_reported() {
    let setting = Setting::new(MRK_ARN);
    let envelope = setting.seal(&mut sample(10).as_slice());
    let keys = vec![arn(MRK_REPLICA_ARN).into(), arn(MRK_ARN).into()];
    let options = OpenOptions { keys, expected: expected(), ..OpenOptions::default() };
    let mut written = Vec::new();
    let opened = open_to(&mut envelope.as_slice(), &mut written, &options, |request| {
        if request.key == 0 { Err("the region is down") } else { setting.decrypt(request) }
    });
    assert_eq!(opened.expect("the other region").key, 1);
    // So is it when the answer cannot be one.
    let opened = open_to(&mut envelope.as_slice(), &mut io::sink(), &options, |request| {
        if request.key == 0 { Ok(vec![0; 79]) } else { setting.decrypt(request) }
    });
    assert_eq!(opened.expect("the other region").key, 1);

    let refused = open_to(&mut envelope.as_slice(), &mut io::sink(), &options, |request| {
        let region = request.key_id.as_ref().expect("a key of KMS").region();
        if request.key == 0 { Ok(vec![0; 79]) } else { Err(format!("no {region}")) }
    });
    let message = refused.expect_err("no key").to_string();
    assert!(message.contains("it must be 80 bytes") && message.contains("no eu-central-1"), "{message}");
}

#[test]
fn no_further_key_is_asked_once_kms_decrypted_under_another_context() {
    let setting = Setting::new(MRK_ARN);
    let envelope = setting.seal(&mut sample(10).as_slice());
    let keys = vec![arn(MRK_REPLICA_ARN).into(), arn(MRK_ARN).into()];
    let options = OpenOptions { keys, expected: context(&[("hidden", "other")]), ..OpenOptions::default() };
    let mut asked = Vec::new();
    let refused = open_to(&mut envelope.as_slice(), &mut io::sink(), &options, |request| {
        asked.push(request.key);
        setting.decrypt(request)
    });
    assert!(matches!(refused, Err(StreamError::Core(error)) if error.code() == Code::Context));
    assert_eq!(asked, [0]);
}

#[test]
fn a_raw_key_that_gives_another_data_key_does_not_stop_the_next_one() {
    let file = RawPublicKey::read::<Parsed>(key_file("rsa-2048.pem").as_bytes()).expect("a key");
    let names = RawKeyOptions {
        key_namespace: Some("example".to_owned()),
        key_name: Some("offline".to_owned()),
        ..RawKeyOptions::default()
    };
    let key = RsaPublicKey::new(&file, &names).expect("a key");
    let materials = Materials::wrap(&[key], &EncryptionContext::default(), DataKeySeed::fixed([7; 32], &[[1; 32]]));
    let mut envelope = Vec::new();
    let plaintext = sample(10);
    let sealed = seal_with(
        &mut plaintext.as_slice(),
        &mut envelope,
        &materials.expect("materials"),
        &SealOptions::default(),
        &mut SysRng,
    );
    assert_eq!(sealed.expect("an envelope"), 10);
    // Two keys of one name, of which the envelope does not tell whose it is.
    let keys = [0, 1].map(|_| OpenerKey::raw("example", "offline").expect("a name")).to_vec();
    let options = OpenOptions { keys, ..OpenOptions::default() };
    let open = |data_keys: [[u8; 32]; 2]| {
        let mut opened = Vec::new();
        let end = open_to(&mut envelope.as_slice(), &mut opened, &options, |request| {
            Ok::<_, String>(data_keys[request.key].to_vec())
        });
        end.map(|end| (end.key, opened)).map_err(|error| match error {
            StreamError::Core(error) => error.code(),
            other => panic!("{other}"),
        })
    };
    assert_eq!(open([[7; 32], [8; 32]]), Ok((0, plaintext.clone())));
    assert_eq!(open([[8; 32], [7; 32]]), Ok((1, plaintext.clone())));
    assert_eq!(open([[8; 32], [9; 32]]), Err(Code::Authentication), "of the first one that did not fit");
}

#[test]
fn a_frame_length_that_openers_refuse_is_not_sealed_with() {
    let setting = Setting::new(ARN);
    let keys = [setting.key.clone()];
    let seal = |length: u32| {
        let options = SealOptions { frame_length: Some(length), ..SealOptions::default() };
        let mut envelope = Vec::new();
        let sealed = seal_to(&mut &[1_u8; 9][..], &mut envelope, &keys, &options, &mut SysRng);
        let code = sealed.map_err(|error| matches!(error, StreamError::Core(error) if error.code() == Code::TooLong));
        (code, envelope.is_empty())
    };
    for length in [0, FRAME_LENGTHS.start() - 1, FRAME_LENGTHS.end() + 1, u32::MAX] {
        assert_eq!(seal(length), (Err(true), true), "{length}");
    }
    for length in [*FRAME_LENGTHS.start(), *FRAME_LENGTHS.end()] {
        assert_eq!(seal(length), (Ok(9), false), "{length}");
    }
}

#[test]
fn a_reader_that_claims_more_than_it_was_asked_for_is_not_believed() {
    struct Boastful;
    impl Read for Boastful {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(buffer.len() + 1)
        }
    }
    let setting = Setting::new(ARN);
    let keys = [setting.key.clone()];
    let sealed = seal_to(&mut Boastful, &mut Vec::new(), &keys, &SealOptions::default(), &mut SysRng);
    let Err(StreamError::Io(error)) = sealed else { panic!("{sealed:?}") };
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn the_error_of_a_reader_or_writer_is_passed_on_unchanged() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let setting = Setting::new(ARN);
    let keys = [setting.key.clone()];
    let reset = |error: StreamError| {
        error.source().is_none()
            && matches!(error, StreamError::Io(error) if error.kind() == io::ErrorKind::ConnectionReset)
    };
    let sealed = seal_to(&mut Failing, &mut io::sink(), &keys, &SealOptions::default(), &mut SysRng);
    assert!(reset(sealed.expect_err("no plaintext")));
    let envelope = setting.seal(&mut sample(2 * FRAME).as_slice());
    let options = OpenOptions { keys: vec![arn(ARN).into()], expected: expected(), ..OpenOptions::default() };
    let opened = open_to(&mut envelope[..FRAME].chain(Failing), &mut io::sink(), &options, |c| setting.decrypt(c));
    assert!(reset(opened.expect_err("no more of the envelope")));
    // A chain of causes has each sentence once.
    let lost = StreamError::from(io::Error::other(io::Error::other("the disk is gone")));
    assert_eq!(lost.to_string(), "the disk is gone");
    assert!(lost.source().is_none());
    let mut full = [0_u8; 10];
    let sealed = seal_to(&mut &[1_u8; 9][..], &mut &mut full[..], &keys, &SealOptions::default(), &mut SysRng);
    assert!(matches!(sealed, Err(StreamError::Io(error)) if error.kind() == io::ErrorKind::WriteZero));
}
