//! Bounded reading and checked writing of big-endian fields: the only index arithmetic over
//! hostile bytes is here.

use alloc::vec::Vec;

use crate::error::{Code, Error, Result, decimal};

/// Why reading stopped.
#[derive(Debug)]
pub enum Stop {
    /// The input must be at least this many bytes long, counted from its start.
    Need(usize),
    /// The bytes break a rule.
    Bad(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Bad(error)
    }
}

/// Reads fields in order; never looks past the end, never allocates.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub fn take(&mut self, len: usize) -> core::result::Result<&'a [u8], Stop> {
        let end = self.at.saturating_add(len);
        let field = self.bytes.get(self.at..end).ok_or(Stop::Need(end))?;
        self.at = end;
        Ok(field)
    }

    pub fn array<const N: usize>(&mut self) -> core::result::Result<[u8; N], Stop> {
        let end = self.at.saturating_add(N);
        let field = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk);
        let array = *field.ok_or(Stop::Need(end))?;
        self.at = end;
        Ok(array)
    }

    pub fn u8(&mut self) -> core::result::Result<u8, Stop> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> core::result::Result<u16, Stop> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> core::result::Result<u32, Stop> {
        self.array().map(u32::from_be_bytes)
    }

    /// A field with its 16-bit length before it.
    pub fn field(&mut self) -> core::result::Result<&'a [u8], Stop> {
        let len = self.u16()?;
        self.take(len.into())
    }
}

/// Appends a field with its 16-bit length before it; `name` is what the error calls it.
pub fn put_field(out: &mut Vec<u8>, bytes: &[u8], name: &str, code: Code) -> Result<()> {
    let Ok(len) = u16::try_from(bytes.len()) else {
        return Err(Error::new(code, &[name, " has ", &decimal(bytes.len() as u64), " bytes; at most 65,535 fit"]));
    };
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}
