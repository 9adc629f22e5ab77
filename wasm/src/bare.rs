//! What the standard library would bring. Without its panic messages and their formatting the
//! module is a fifth smaller. Tests keep it.

use core::panic::PanicInfo;

use dlmalloc::GlobalDlmalloc;

/// The standard library's own allocator on wasm32.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// A trap, which TypeScript makes an ERR_INTERNAL.
#[panic_handler]
fn trap(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
