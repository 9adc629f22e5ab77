//! The program's allocator, which counts what a thread allocates, and looks for secrets in what it frees.
#![allow(unsafe_code, reason = "an allocator is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};

/// Bytes of a secret that stand nowhere by chance.
const WINDOW: usize = 12;

struct Watching;

#[global_allocator]
static WATCHING: Watching = Watching;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
    static LOOKING: Cell<bool> = const { Cell::new(false) };
    /// Secrets by name, and those that were found in freed memory.
    static SECRETS: RefCell<Vec<(&'static str, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
    static FOUND: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

// SAFETY: every call is passed on as it came; a block is read before it is freed, when it is initialized
// or was at least written by the system.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get() + layout.size());
        // Zeroed, so that reading it later is reading what was written.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // Not while this looks: what it keeps is allocated, too.
        if LOOKING.replace(false) {
            look(unsafe { std::slice::from_raw_parts(memory, layout.size()) });
            LOOKING.set(true);
        }
        unsafe { System.dealloc(memory, layout) }
    }
}

fn look(block: &[u8]) {
    SECRETS.with_borrow(|secrets| {
        for (name, secret) in secrets {
            let part = |window: &[u8]| secret.windows(WINDOW).any(|wanted| wanted == window);
            if block.windows(WINDOW).any(part) {
                FOUND.with_borrow_mut(|found| found.push(name));
            }
        }
    });
}

/// How many bytes this thread has allocated so far.
pub fn allocated() -> usize {
    ALLOCATED.get()
}

/// What of these secrets stood in memory that the work freed, its result included.
pub fn left_behind<T>(secrets: &[(&'static str, &[u8])], work: impl FnOnce() -> T) -> Vec<&'static str> {
    SECRETS.set(secrets.iter().map(|(name, secret)| (*name, secret.to_vec())).collect());
    LOOKING.set(true);
    drop(work());
    LOOKING.set(false);
    let mut found = FOUND.take();
    found.dedup();
    found
}
