//! Replacements for the standard library's parts. Without its panic messages and their formatting the
//! module is a fifth smaller. Tests keep it.
#![allow(unsafe_code, reason = "an allocator is unsafe")]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

/// Talc, which is 1.3 KB smaller than the standard library's own allocator.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;
static TALC: WasmDynamicTalc = new_wasm_dynamic_allocator();

// Never inlined: LLVM knows that fresh memory holds zeros or nothing, and takes that for true of the
// bookkeeping beside it too, where it sees a `dealloc` read it. Link-time optimization then traps.
//
// SAFETY: every call is passed on as it came.
unsafe impl GlobalAlloc for Heap {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { TALC.alloc(layout) }
    }

    // Freed memory may have held a key or plaintext, and not all crates wipe what they free: the
    // RSA crate's numbers, from which a data key can be computed, are not wiped. The trait's own `realloc` comes
    // by here, too.
    #[inline(never)]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe {
            memory.write_bytes(0, layout.size());
            TALC.dealloc(memory, layout);
        }
    }
}

/// A trap, which TypeScript makes an ERR_INTERNAL.
#[panic_handler]
fn trap(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
