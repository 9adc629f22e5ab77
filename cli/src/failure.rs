//! What stops the command: an exit status, and one line that says what to do.

use std::fmt;
use std::io;
use std::path::Path;

use kmseal::Code;

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
    /// The public key cannot be used.
    Key = 6,
}

/// A failure; its message never holds key material or plaintext.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    message: String,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// What KMS refused, or could not be asked.
    pub fn kms(message: impl fmt::Display) -> Self {
        Self::new(Exit::Kms, format!("{message} (ERR_KMS)"))
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
            Code::TooLong | Code::SourceChanged => Exit::File,
        };
        Self::new(exit, format!("{} ({})", our_options(error.message()), error.code().as_str()))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let remedy = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space and run this again",
            io::ErrorKind::PermissionDenied => "; check the permissions of the file and its folder",
            _ => "",
        };
        Self::new(Exit::File, format!("{error}{remedy}"))
    }
}

/// The core's sentences name the options of the JavaScript package; these are ours.
pub fn our_options(sentence: &str) -> String {
    [
        ("maxEncryptedDataKeys", "--max-encrypted-data-keys"),
        ("minFrameLength", "--min-frame-length"),
        ("maxFrameLength", "--max-frame-length"),
        ("frameLength", "--frame-length"),
        ("(encryptionAlgorithm)", "(--encryption-algorithm)"),
        ("raise maxAttempts, use a data-key cache,", "set AWS_MAX_ATTEMPTS higher, open several files in one run"),
    ]
    .iter()
    .fold(sentence.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

/// Text of whoever made a file or its name, harmless on a terminal and on one line.
pub fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if is_hidden(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Controls of terminals, and of the order of writing, which would show a name as another one (Unicode UAX #9, Bidi_Control).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A file's name for messages.
pub fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { printable(&path.to_string_lossy()) }
}
