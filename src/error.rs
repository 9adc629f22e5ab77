//! The errors of the core: a stable code, and one sentence that says what is wrong. Where options help, a
//! reason comes with it, for which an edge has a remedy in the names of its own options.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What went wrong, as a code that does not change between versions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
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
    /// Not a public key as KMS returns it.
    KeyInvalid = "ERR_KEY_INVALID",
    /// A key that cannot encrypt data keys: another key must be created.
    KeyUnsupported = "ERR_KEY_UNSUPPORTED",
    /// A key id that is missing, an alias, not an ARN, or two that disagree.
    KeyId = "ERR_KEY_ID",
    /// The key is not the one whose fingerprint was given.
    KeyFingerprint = "ERR_KEY_FINGERPRINT",
    /// An encryption context that cannot be sealed, or is not the sealed one.
    Context = "ERR_CONTEXT",
    /// More bytes than the key or the format can take.
    TooLong = "ERR_TOO_LONG",
    /// A source that returned bytes that differ from those before, or more or fewer than planned.
    SourceChanged = "ERR_SOURCE_CHANGED",
    /// Not an envelope, or one that breaks the format's rules.
    EnvelopeInvalid = "ERR_ENVELOPE_INVALID",
    /// A message of the format that is outside what kmseal opens, or over a limit.
    EnvelopeUnsupported = "ERR_ENVELOPE_UNSUPPORTED",
    /// An envelope that ends too early.
    Truncated = "ERR_TRUNCATED",
    /// None of the envelope's keys is among the opener's.
    NoMatchingKey = "ERR_NO_MATCHING_KEY",
    /// Bytes that were altered: a tag or a commitment does not match.
    Authentication = "ERR_AUTHENTICATION",
    /// KMS, or the holder of a raw key, refused, or the answer does not match the request.
    Kms = "ERR_KMS",
    /// What the platform's cryptography gave is not what it was asked for.
    Platform = "ERR_PLATFORM",
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Why the core refused, where the options of an edge help: it says what to do in their names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, for each of which an edge should have a remedy.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

reasons! {
    /// No key id is given and the key's own is not a key ARN: give one, [`ImportOptions::key_ids`](crate::ImportOptions::key_ids).
    NoKeyArn,
    /// A raw key without namespace or name: give both, [`RawKeyOptions`](crate::RawKeyOptions).
    NoKeyName,
    /// An ECC key of which nothing says what it is for: state its usage, [`ImportOptions::key_usage`](crate::ImportOptions::key_usage).
    NoKeyUsage,
    /// An ML-KEM key: allow it, [`ImportOptions::experimental`](crate::ImportOptions::experimental); without the feature `every-kind` take
    /// a build that has it.
    Experimental,
    /// An ML-KEM key beside another kind: allow it, [`Mixing::Allowed`](crate::Mixing::Allowed).
    MixedKinds,
    /// More bytes than one RSA encryption takes: seal them.
    PlaintextTooLong,
    /// More frames than a message can have: give a larger frame length.
    TooManyFrames,
    /// More encrypted data keys than [`Limits::max_encrypted_data_keys`](crate::Limits::max_encrypted_data_keys).
    TooManyDataKeys,
    /// Frames under [`Limits::min_frame_length`](crate::Limits::min_frame_length).
    FramesTooShort,
    /// Frames over [`Limits::max_frame_length`](crate::Limits::max_frame_length).
    FramesTooLong,
    /// None of the opener's keys is among the envelope's: compare them with those that the header names.
    OtherKeys,
    /// The envelope is for ECC keys, which it names by their points, and the opener does not have their public keys: give one.
    NoPublicKey,
    /// KMS could not decrypt, as when the encryption algorithm is the other one.
    NotDecrypted,
    /// KMS had too many requests: let the SDK try again more often, or cache data keys.
    Throttled,
}

/// An error of the core. Boxed, so that a result is hardly larger than its value.
///
/// ```
/// use kmseal::{Code, Layout, Reason};
///
/// // Frames of one byte, of which 2^32 would be needed.
/// let error = Layout::new(500, 1 << 32, 1).unwrap_err();
/// assert_eq!((error.code(), error.code().as_str()), (Code::TooLong, "ERR_TOO_LONG"));
/// assert_eq!(error.reason(), Some(Reason::TooManyFrames));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    code: Code,
    message: String,
    reason: Option<Reason>,
}

/// A result of the core.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// The message is given in parts: `format!` would be 1.4 KB more of the wasm module, in brotli.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(code: Code, message: &[&str]) -> Self {
        Self(Box::new(Inner { code, message: message.concat(), reason: None }))
    }

    /// An envelope that ended before its final frame.
    #[must_use]
    pub fn truncated() -> Self {
        Self::new(Code::Truncated, &["the envelope ends too early: the file was cut off on its way; fetch it again"])
    }

    /// Bytes after the final frame.
    #[must_use]
    pub fn trailing_bytes() -> Self {
        Self::new(Code::EnvelopeInvalid, &["there are bytes after the final frame; the file was appended to"])
    }

    /// A frame whose tag does not match, in any engine.
    #[must_use]
    pub fn altered_frame(sequence_number: u32) -> Self {
        let sequence = decimal(sequence_number.into());
        Self::new(
            Code::Authentication,
            &["frame ", &sequence, " does not authenticate: the envelope was altered or damaged"],
        )
    }

    /// A context string that UTF-16 languages allow and UTF-8 cannot encode.
    #[must_use]
    pub fn not_unicode() -> Self {
        Self::new(Code::Context, &["an encryption context string has a lone surrogate and cannot be written as UTF-8"])
    }

    /// The same error with a reason, if there is one.
    #[inline(never)]
    pub(crate) fn because(mut self, reason: impl Into<Option<Reason>>) -> Self {
        self.0.reason = reason.into();
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Why, where the options of an edge help.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason
    }

    /// One sentence for the developer; it never holds key material or plaintext.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

/// A number for a sentence; of one type, so that the wasm module writes integers once. (The standard library's way is 0.2 KB larger.)
pub(crate) fn decimal(number: u64) -> String {
    let mut text = if number < 10 { String::new() } else { decimal(number / 10) };
    text.push(char::from(b'0' | (number % 10) as u8));
    text
}

/// Values for a sentence.
#[inline(never)]
pub(crate) fn either(values: &[String]) -> String {
    let mut text = String::new();
    for value in values {
        text.push_str(if text.is_empty() { "" } else { " or " });
        text.push_str(value);
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code().as_str(), self.message())
    }
}

impl core::error::Error for Error {}
