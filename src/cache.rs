//! Data-key caching with the limits of the specification's caching materials manager.
//!
//! Source: framework/caching-cmm.md and framework/local-cryptographic-materials-cache.md. The clock
//! is the caller's: every method takes the time in milliseconds.

use alloc::vec::Vec;

/// When an entry is no longer used.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// Longest use in milliseconds.
    pub max_age: f64,
    /// Most messages, at least 1.
    pub max_messages: u64,
    /// Most plaintext bytes.
    pub max_bytes: u64,
    /// Most entries; the one not used for longest makes room.
    pub capacity: usize,
}

/// Values by key, each for a limited time and use. What leaves the cache is dropped, and thereby
/// wiped.
pub struct Cache<K, V> {
    limits: CacheLimits,
    // A list: a hundred entries are compared faster than one data key is wrapped.
    entries: Vec<Entry<K, V>>,
}

struct Entry<K, V> {
    key: K,
    value: V,
    born: f64,
    used: f64,
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
    pub fn reserve(&mut self, key: &K, bytes: u64, now: f64) -> Option<V> {
        self.expire(now);
        let index = self.entries.iter().position(|entry| entry.key == *key)?;
        let mut entry = self.entries.swap_remove(index);
        entry.messages = entry.messages.saturating_add(1);
        entry.bytes = entry.bytes.saturating_add(bytes);
        entry.used = now;
        if entry.messages > self.limits.max_messages || entry.bytes > self.limits.max_bytes {
            return None;
        }
        let value = entry.value.clone();
        self.entries.push(entry);
        Some(value)
    }

    /// Keeps a value whose first message has `bytes` plaintext bytes, unless that alone exceeds a
    /// limit (caching-cmm.md, "Get Encryption Materials").
    pub fn insert(&mut self, key: K, value: V, bytes: u64, now: f64) {
        if bytes > self.limits.max_bytes || self.limits.capacity == 0 {
            return;
        }
        self.expire(now);
        self.entries.retain(|entry| entry.key != key);
        while self.entries.len() >= self.limits.capacity {
            let used = self.entries.iter().enumerate().min_by(|a, b| a.1.used.total_cmp(&b.1.used));
            let Some((oldest, _)) = used else { break };
            self.entries.swap_remove(oldest);
        }
        self.entries.push(Entry { key, value, born: now, used: now, messages: 1, bytes });
    }

    /// Drops what is too old; returns after how many milliseconds the next entry will be.
    pub fn expire(&mut self, now: f64) -> Option<f64> {
        let max_age = self.limits.max_age;
        // A clock set back must not make a key live longer.
        self.entries.retain(|entry| (0.0..max_age).contains(&(now - entry.born)));
        self.entries.iter().map(|entry| entry.born + max_age - now).min_by(f64::total_cmp)
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}
