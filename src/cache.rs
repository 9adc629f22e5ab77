//! Data-key caching with the limits of the specification's caching materials manager.
//!
//! Source: framework/caching-cmm.md and framework/local-cryptographic-materials-cache.md. The clock
//! is the caller's: every method takes the time in milliseconds.

use alloc::vec::Vec;

/// When an entry is no longer used.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// How long an entry is used, in milliseconds.
    pub max_age_ms: f64,
    /// The maximum number of messages of an entry, at least 1.
    pub max_messages: u64,
    /// The maximum number of plaintext bytes in all of them.
    pub max_bytes: u64,
    /// The maximum number of entries; the one unused longest makes room.
    pub capacity: usize,
}

/// Values by key, each for a limited time and use. A value that leaves the cache is dropped, which
/// wipes it.
///
/// ```
/// use std::rc::Rc;
///
/// use kmseal::{Cache, CacheLimits};
///
/// // For at most a minute, ten messages and 1 GiB. The value would be Rc<Materials>, the key a serialized context.
/// let limits = CacheLimits { max_age_ms: 60_000.0, max_messages: 10, max_bytes: 1 << 30, capacity: 100 };
/// let mut cache = Cache::new(limits);
/// cache.insert("context", Rc::new("materials"), 5000, 0.0);
/// assert!(cache.reserve(&"context", 5000, 1000.0).is_some());
/// assert!(cache.reserve(&"context", 5000, 60_000.0).is_none());
/// ```
pub struct Cache<K, V> {
    limits: CacheLimits,
    // A list: a hundred entries are compared faster than one data key is wrapped.
    entries: Vec<Entry<K, V>>,
}

struct Entry<K, V> {
    key: K,
    value: V,
    born_ms: f64,
    used_ms: f64,
    messages: u64,
    bytes: u64,
}

impl<K: Eq, V: Clone> Cache<K, V> {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        Self { limits, entries: Vec::new() }
    }

    /// Reserves use of an entry for one message of `bytes` plaintext bytes; an entry that is too
    /// old or would exceed a limit is dropped.
    pub fn reserve(&mut self, key: &K, bytes: u64, now_ms: f64) -> Option<V> {
        self.expire(now_ms);
        let index = self.entries.iter().position(|entry| entry.key == *key)?;
        let mut entry = self.entries.swap_remove(index);
        entry.messages = entry.messages.saturating_add(1);
        entry.bytes = entry.bytes.saturating_add(bytes);
        entry.used_ms = now_ms;
        if entry.messages > self.limits.max_messages || entry.bytes > self.limits.max_bytes {
            return None;
        }
        let value = entry.value.clone();
        self.entries.push(entry);
        Some(value)
    }

    /// Keeps a value whose first message has `bytes` plaintext bytes, unless these alone exceed a
    /// limit (caching-cmm.md, "Get Encryption Materials").
    pub fn insert(&mut self, key: K, value: V, bytes: u64, now_ms: f64) {
        if bytes > self.limits.max_bytes || self.limits.capacity == 0 {
            return;
        }
        self.expire(now_ms);
        self.entries.retain(|entry| entry.key != key);
        while self.entries.len() >= self.limits.capacity {
            let used = self.entries.iter().enumerate().min_by(|a, b| a.1.used_ms.total_cmp(&b.1.used_ms));
            let Some((oldest, _)) = used else { break };
            self.entries.swap_remove(oldest);
        }
        self.entries.push(Entry { key, value, born_ms: now_ms, used_ms: now_ms, messages: 1, bytes });
    }

    /// Drops expired entries; returns the milliseconds until the next one expires.
    pub fn expire(&mut self, now_ms: f64) -> Option<f64> {
        let max_age_ms = self.limits.max_age_ms;
        // A clock set back must not make a key live longer.
        self.entries.retain(|entry| (0.0..max_age_ms).contains(&(now_ms - entry.born_ms)));
        self.entries.iter().map(|entry| entry.born_ms + max_age_ms - now_ms).min_by(f64::total_cmp)
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}
