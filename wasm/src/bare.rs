//! What the standard library would bring. Without its panic messages and their formatting the
//! module is a fifth smaller. Tests keep it.

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use dlmalloc::GlobalDlmalloc;

/// The standard library's own allocator on wasm32.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// Never inlined: LLVM knows that fresh memory holds zeros or nothing, and takes that for true of the
// bookkeeping beside it too, where it sees a `dealloc` read it. Link-time optimization then traps.
//
// SAFETY: every call is passed on as it came.
unsafe impl GlobalAlloc for Heap {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { GlobalDlmalloc.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { GlobalDlmalloc.dealloc(memory, layout) }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { GlobalDlmalloc.alloc_zeroed(layout) }
    }

    #[inline(never)]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        unsafe { GlobalDlmalloc.realloc(memory, layout, len) }
    }
}

/// A trap, which TypeScript makes an ERR_INTERNAL.
#[panic_handler]
fn trap(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
