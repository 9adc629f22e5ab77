//! What errors say: codes that do not change, and advice for each error of KMS.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::common::edge::{LIMITS, unlock};
use crate::common::forge::{Forge, ForgedFrame};
use kmseal::edge::kms_fault;
use kmseal::{Cipher, Code, EncryptionContext, Error, Header, HeaderRead, Locked, Operation, Reason};

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
    let Ok(HeaderRead::Done(header)) = Header::read(&forge.header(), &LIMITS) else { panic!("no header") };
    let locked = Locked::new(header, &EncryptionContext::default()).expect("nothing expected");
    let mut unlocked = unlock(&locked, &forge.answer()).expect("the right answer");
    let cipher = Cipher::new(&unlocked.content_key);
    for (ForgedFrame { sequence, .. }, bytes) in forge.frames.iter().map(|frame| (frame, forge.frame(frame))) {
        let frame = unlocked.body.read(&bytes).expect("a frame");
        let mut content = bytes[frame.head_len()..][..frame.len()].to_vec();
        let error = cipher.open(&frame, &mut content, &[0; 16]).expect_err("another tag");
        assert_eq!((error.code(), &error), (Code::Authentication, &Error::altered_frame(*sequence)));
        assert!(error.message().contains(&format!("frame {sequence} ")), "{error}");
    }
}

const OPERATIONS: [Operation; 3] = [Operation::Decrypt, Operation::DeriveSharedSecret, Operation::Decapsulate];

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
        for operation in OPERATIONS {
            assert!(kms_fault(operation.name(), name).is_some_and(|fault| fault.message.len() > 30), "{name}");
        }
    }
    for name in ["", "Error", "SyntaxError", "ThrottlingExceptions"] {
        assert_eq!(kms_fault("Decrypt", name), None);
    }
}

#[test]
fn a_permission_and_a_usage_are_named_as_the_operation_needs_them() {
    let names = [
        (Operation::Decrypt, "kms:Decrypt ", "ENCRYPT_DECRYPT"),
        (Operation::DeriveSharedSecret, "kms:DeriveSharedSecret ", "KEY_AGREEMENT"),
        (Operation::Decapsulate, "kms:Decapsulate ", "ENCAPSULATE_DECAPSULATE"),
    ];
    for (operation, permission, usage) in names {
        let message = |name| kms_fault(operation.name(), name).expect(name).message;
        assert!(message("AccessDeniedException").contains(permission), "{permission}");
        assert!(message("InvalidKeyUsageException").contains(usage), "{usage}");
    }
    // KMS answers so, with an empty message, for a point that it cannot read.
    let fault = kms_fault("DeriveSharedSecret", "ValidationException").expect("a meaning");
    assert!(fault.reason.is_none() && fault.message.contains("KeySpec"), "{}", fault.message);
}

/// An opener asks for the public key of an ECC key, before there is anything to decrypt.
#[test]
fn errors_of_get_public_key_have_sentences_that_blame_no_envelope() {
    let message = |name| kms_fault("GetPublicKey", name).expect(name).message;
    assert!(message("AccessDeniedException").contains("kms:GetPublicKey "));
    assert!(message("InvalidKeyUsageException").contains("KEY_AGREEMENT"));
    for name in
        ["NotFoundException", "DisabledException", "ThrottlingException", "TimeoutError", "ExpiredTokenException"]
    {
        assert!(!message(name).contains("envelope"), "{name}");
    }
    for name in ["ValidationException", "InvalidCiphertextException"] {
        assert_eq!(kms_fault("GetPublicKey", name), None);
    }
}

#[test]
fn reasons_stand_beside_errors_for_which_an_edge_has_options() {
    let reasons = [
        ("InvalidCiphertextException", Some(Reason::NotDecrypted)),
        ("ValidationException", Some(Reason::NotDecrypted)),
        ("ThrottlingException", Some(Reason::Throttled)),
        ("AccessDeniedException", None),
    ];
    for (name, reason) in reasons {
        assert_eq!(kms_fault("Decrypt", name).expect(name).reason, reason, "{name}");
    }
}

/// What the options of the package and of the command are called, which the core does not know.
#[test]
fn sentences_of_the_core_name_no_option_of_an_edge() {
    let options = [
        "keyId",
        "frameLength",
        "FrameLength",
        "maxEncrypted",
        "encryptionAlgorithm",
        "maxAttempts",
        "inspect()",
        "Sealer",
    ];
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("src") {
        let path = file.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a source");
        for option in options {
            assert!(!text.contains(option), "{option} in {}", path.display());
        }
    }
}
