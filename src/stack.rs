//! Keys that passed through the stack, overwritten there.

use core::hint::black_box;

/// Bytes overwritten: twice what work was seen to reach down in WebAssembly.
const DEPTH: usize = 32 * 1024;

/// Does work with keys, then overwrites the stack that it used: values that are moved or spilled
/// leave copies behind, which no `Drop` reaches. What comes back must not hold a key itself, but a
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
    black_box(&mut [0_u8; DEPTH]);
}
