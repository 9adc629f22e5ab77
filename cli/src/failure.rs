//! What stops the command: an exit status, and one line that says what to do.

use std::fmt;
use std::io;
use std::process::ExitCode;

use kmseal::Code;
use kmseal::io::StreamError;

use crate::remedies::sentence;
use crate::text::printable;

/// Exit statuses; 0 is success, and a signal ends the process as signals do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A file could not be read or written.
    File = 1,
    /// The command line is wrong; clap uses the same status.
    Usage = 2,
    /// Not an envelope, or one that was cut off or altered, or is over a limit.
    Envelope = 3,
    /// The envelope is sealed for other keys, or under another encryption context.
    Mismatch = 4,
    /// KMS refused, could not be reached, or there are no credentials for it.
    Kms = 5,
    /// The public or private key cannot be used.
    Key = 6,
    /// `check` found a setting of the bucket that must change.
    Setting = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failure; its message never holds key material or plaintext.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    message: String,
    /// Whether standard output failed, rather than the input file.
    pub of_output: bool,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), of_output: false }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A failure of AWS: it refused, or was not reached.
    pub fn kms(message: impl fmt::Display) -> Self {
        Self::new(Exit::Kms, format!("{message} (ERR_KMS)"))
    }

    /// No key that was given opens the envelope.
    pub fn no_match(message: impl fmt::Display) -> Self {
        Self::new(Exit::Mismatch, format!("{message} (ERR_NO_MATCHING_KEY)"))
    }

    /// The same, about standard output.
    pub fn about_output(self) -> Self {
        Self { of_output: true, ..self }
    }

    /// The same under another status.
    pub fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.message))
    }
}

impl From<kmseal::Error> for Failure {
    fn from(error: kmseal::Error) -> Self {
        let exit = match error.code() {
            Code::KeyInvalid | Code::KeyUnsupported | Code::KeyId | Code::KeyFingerprint => Exit::Key,
            Code::EnvelopeInvalid | Code::EnvelopeUnsupported | Code::Truncated | Code::Authentication => {
                Exit::Envelope
            }
            Code::Context | Code::NoMatchingKey => Exit::Mismatch,
            Code::Kms => Exit::Kms,
            _ => Exit::File,
        };
        Self::new(exit, format!("{} ({})", sentence(error.message(), error.reason()), error.code().as_str()))
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Core(error) => error.into(),
            StreamError::Io(error) => error.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space and run this again",
            io::ErrorKind::PermissionDenied => "; check the permissions of the file and its folder",
            io::ErrorKind::OutOfMemory => {
                "; raise the limit of memory (ulimit -v), or seal with a smaller --frame-length"
            }
            _ => "",
        };
        let of_output = error.get_ref().is_some_and(|inner| inner.is::<OutputError>());
        Self { of_output, ..Self::new(Exit::File, format!("{error}{remedy}")) }
    }
}

/// An error of standard output, which `io::Error` carries through code that knows only readers and writers.
#[derive(Debug)]
pub struct OutputError(pub io::Error);

impl std::error::Error for OutputError {}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
