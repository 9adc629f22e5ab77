//! What errors say: codes that do not change, and advice for each error of KMS.

mod common;

use std::collections::HashSet;

use common::forge::{Forge, ForgedFrame};
use kmseal::{Cipher, Code, EncryptionContext, Error, Expected, Header, Progress, advice};

#[test]
fn codes_are_distinct_and_shown_first() {
    let texts: HashSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), Code::ALL.len());
    for text in texts {
        assert!(text.starts_with("ERR_") && text.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{text}");
    }
    let error = Error::not_unicode();
    assert_eq!(error.code(), Code::Context);
    assert_eq!(error.to_string(), format!("ERR_CONTEXT: {}", error.message()));
}

#[test]
fn a_frame_that_does_not_authenticate_is_named_alike_in_every_engine() {
    let forge = Forge::new(b"seventeen letters");
    let Ok(Progress::Done(header)) = Header::read(&forge.header(), &common::edge::LIMITS) else { panic!("no header") };
    let expected = Expected::new(header, &EncryptionContext::default()).expect("nothing expected");
    let mut opened = expected.authenticate(&forge.answer()).expect("the right answer");
    let cipher = Cipher::new(&opened.content_key);
    for (ForgedFrame { sequence, .. }, bytes) in forge.frames.iter().map(|frame| (frame, forge.frame(frame))) {
        let frame = opened.frames.read(&bytes).expect("a frame");
        let mut content = bytes[frame.head_len()..][..frame.len()].to_vec();
        let error = cipher.open(&frame, &mut content, &[0; 16]).expect_err("another tag");
        assert_eq!((error.code(), &error), (Code::Authentication, &Error::altered(*sequence)));
        assert!(error.message().contains(&format!("frame {sequence} ")), "{error}");
    }
}

#[test]
fn errors_of_kms_have_sentences_of_their_own() {
    let names = [
        "InvalidCiphertextException",
        "ValidationException",
        "IncorrectKeyException",
        "NotFoundException",
        "AccessDeniedException",
        "DisabledException",
        "KMSInvalidStateException",
        "InvalidKeyUsageException",
        "ThrottlingException",
        "LimitExceededException",
        "KeyUnavailableException",
        "DependencyTimeoutException",
        "KMSInternalException",
        "ServiceUnavailableException",
        "ExpiredTokenException",
        "MissingAuthenticationToken",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "CredentialsProviderError",
        "InvalidGrantTokenException",
        "DryRunOperationException",
        "TimeoutError",
        "ECONNREFUSED",
        "ENOTFOUND",
    ];
    for name in names {
        assert!(advice(name).is_some_and(|sentence| sentence.len() > 30), "{name}");
    }
    for name in ["", "Error", "SyntaxError", "ThrottlingExceptions"] {
        assert_eq!(advice(name), None);
    }
}
