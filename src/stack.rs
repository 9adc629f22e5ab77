//! Keys that passed through the stack, overwritten there.

use core::hint::black_box;

/// Bytes overwritten: twice the depth that work was seen to reach in WebAssembly.
const OVERWRITTEN_LEN: usize = 32 * 1024;

/// Runs work with keys, then overwrites the stack that it used: values that are moved or spilled
/// leave copies behind, which no `Drop` reaches. The result must not contain a key itself, only a
/// box of one.
pub fn wiped<T>(work: impl FnOnce() -> T) -> T {
    let result = apart(work);
    overwrite();
    result
}

/// In a frame below that of [`wiped`].
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite() {
    black_box(&mut [0_u8; OVERWRITTEN_LEN]);
}
