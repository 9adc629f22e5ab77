//! The errors of the core: a stable code, and one sentence that says what to do.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What went wrong, as a code that does not change between versions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code that the core raises.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as users see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// Not a public key as KMS hands it out.
    KeyInvalid = "ERR_KEY_INVALID",
    /// A key that cannot encrypt data keys: another key must be created.
    KeyUnsupported = "ERR_KEY_UNSUPPORTED",
    /// A key id that is missing, an alias, no ARN, or two that disagree.
    KeyId = "ERR_KEY_ID",
    /// The key is not the one whose fingerprint was given.
    KeyFingerprint = "ERR_KEY_FINGERPRINT",
    /// An encryption context that cannot be sealed, or is not the sealed one.
    Context = "ERR_CONTEXT",
    /// More bytes than the key or the format can take.
    TooLong = "ERR_TOO_LONG",
    /// A source that gave other bytes than before, or more or fewer than planned.
    SourceChanged = "ERR_SOURCE_CHANGED",
    /// Not an envelope, or one that breaks the format's rules.
    EnvelopeInvalid = "ERR_ENVELOPE_INVALID",
    /// A message of the format that is outside what kmseal opens, or over a limit.
    EnvelopeUnsupported = "ERR_ENVELOPE_UNSUPPORTED",
    /// An envelope that ends too early.
    Truncated = "ERR_TRUNCATED",
    /// None of the envelope's keys is among the opener's.
    NoMatchingKey = "ERR_NO_MATCHING_KEY",
    /// Bytes that were altered: a tag or a commitment does not fit.
    Authentication = "ERR_AUTHENTICATION",
    /// KMS refused, or answered something else than what was asked.
    Kms = "ERR_KMS",
}

/// An error of the core. Boxed, so that a result is hardly larger than its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<(Code, String)>);

/// A result of the core.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// The message is given in parts: formatting would be several kilobytes of the wasm module.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(code: Code, message: &[&str]) -> Self {
        Self(Box::new((code, message.concat())))
    }

    /// What a frame says whose tag does not fit, in whatever engine.
    #[must_use]
    pub fn altered(sequence: u32) -> Self {
        let sequence = decimal(sequence.into());
        Self::new(
            Code::Authentication,
            &["frame ", &sequence, " does not authenticate: the envelope was altered or damaged"],
        )
    }

    /// A context string that UTF-16 languages let through and UTF-8 cannot hold.
    #[must_use]
    pub fn not_unicode() -> Self {
        Self::new(Code::Context, &["an encryption context string has a lone surrogate and cannot be written as UTF-8"])
    }

    /// JSON text that is not GetPublicKey's answer.
    #[must_use]
    pub fn not_get_public_key() -> Self {
        Self::new(
            Code::KeyInvalid,
            &["this JSON is damaged or is not the answer of GetPublicKey; pass what `aws kms get-public-key` printed"],
        )
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.0
    }

    /// One sentence for the developer; it never holds key material or plaintext.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.1
    }
}

/// A number for a sentence; of one type, so that the wasm module writes integers once.
pub(crate) fn decimal(number: u64) -> String {
    number.to_string()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code().as_str(), self.message())
    }
}

impl core::error::Error for Error {}
