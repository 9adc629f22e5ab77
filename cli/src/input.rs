//! What is read: files, and standard input for `-`.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::fd::AsFd;
use std::path::Path;

use crate::failure::{Exit, Failure, Result};

/// Short enough that most of a piece is read straight into its place.
const BUFFER_LEN: usize = 16 * 1024;
/// Buffers grow by as much at most before the bytes are there.
const STEP: usize = 1024 * 1024;

pub type Reader = BufReader<Box<dyn Read + Send>>;

/// An open input.
pub struct Input {
    pub reader: Reader,
    /// Its length in bytes, if it is a regular file.
    pub len: Option<u64>,
}

/// Whether this means standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Input {
    pub fn open(path: &Path) -> Result<Self> {
        let file = if is_standard(path) {
            // Not `Stdin`, which buffers once more.
            File::from(io::stdin().as_fd().try_clone_to_owned()?)
        } else {
            if fs::metadata(path)?.is_dir() {
                return Err(Failure::new(Exit::File, "this is a folder; name the files in it"));
            }
            File::open(path)?
        };
        let metadata = file.metadata()?;
        // Standard input may be a file that something has read from already.
        let len = (metadata.is_file() && !is_standard(path)).then_some(metadata.len());
        Ok(Self { reader: reader(file), len })
    }
}

pub fn reader(source: impl Read + Send + 'static) -> Reader {
    BufReader::with_capacity(BUFFER_LEN, Box::new(source))
}

/// Reads until `bytes` is filled up to `end`, or the input ends; `at` is how far it is filled. Returns how far it came.
pub fn fill(input: &mut impl Read, bytes: &mut Vec<u8>, mut at: usize, end: usize) -> Result<usize> {
    while at < end {
        let until = end.min(at + STEP);
        if bytes.len() < until {
            bytes.resize(until, 0);
        }
        match input.read(&mut bytes[at..until]) {
            Ok(0) => break,
            Ok(read) => at += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(at)
}
