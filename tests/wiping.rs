//! Keys natively: what is freed holds none of them. The allocator looks at every block that is given back.

mod common;

use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::cell::Cell;
use std::sync::Mutex;

use common::edge::{LIMITS, seal_in_order};
use common::forge::DATA_KEY;
use common::{ARN, context};
use getrandom::SysRng;
use getrandom::rand_core::{TryRng, UnwrapErr};
use kmseal::{
    Cache, CacheLimits, Cipher, DataKeySeed, EncryptionContext, Expected, Header, ImportOptions, Materials, Message,
    MessageId, OaepSeed, Progress, PublicKey, decode_text, encrypt,
};

/// Bytes of a secret that stand nowhere by chance.
const WINDOW: usize = 12;

struct Watching;

#[global_allocator]
static WATCHING: Watching = Watching;

/// Secrets by name, and those that were found in freed memory.
static SECRETS: Mutex<Vec<(&str, Vec<u8>)>> = Mutex::new(Vec::new());
static FOUND: Mutex<Vec<&str>> = Mutex::new(Vec::new());

thread_local! {
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: every call is passed on as it came; a block is read before it is freed, when it is initialized
// or was at least written by the system.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Memory) -> *mut u8 {
        // Zeroed, so that reading it later is reading what was written.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Memory) {
        if LOOKING.replace(false) {
            let block = unsafe { std::slice::from_raw_parts(memory, layout.size()) };
            for (name, secret) in SECRETS.lock().expect("one thread").iter() {
                let part = |window: &[u8]| secret.windows(WINDOW).any(|wanted| wanted == window);
                if block.windows(WINDOW).any(part) {
                    FOUND.lock().expect("one thread").push(name);
                }
            }
            LOOKING.set(true);
        }
        unsafe { System.dealloc(memory, layout) }
    }
}

/// What of these secrets stood in memory that the work freed, its result included.
fn left<T>(secrets: &[(&'static str, &[u8])], work: impl FnOnce() -> T) -> Vec<&'static str> {
    *SECRETS.lock().expect("one thread") = secrets.iter().map(|(name, secret)| (*name, secret.to_vec())).collect();
    LOOKING.set(true);
    drop(work());
    LOOKING.set(false);
    let mut found = std::mem::take(&mut *FOUND.lock().expect("one thread"));
    found.dedup();
    found
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    let Ok(()) = UnwrapErr(SysRng).try_fill_bytes(&mut bytes);
    bytes
}

fn key() -> PublicKey {
    let options = ImportOptions { key_id: Some(ARN.into()), ..ImportOptions::default() };
    PublicKey::from_der(&decode_text(include_str!("keys/rsa-2048.pem")).expect("PEM"), &options).expect("a key")
}

/// One test, since what is watched is the whole program's.
#[test]
fn what_is_freed_holds_no_key() {
    // The search finds what is not wiped.
    let secret = random();
    assert_eq!(left(&[("a secret", &secret)], || secret.to_vec()), ["a secret"]);
    assert_eq!(left(&[("a secret", &secret)], || random().to_vec()), [""; 0]);

    let (data_key, oaep, id) = (random(), random(), random());
    let none = EncryptionContext::default();
    let materials = || Materials::wrap(&[key()], &none, DataKeySeed::fixed(data_key, &[oaep])).expect("materials");
    let message =
        |materials: &Materials| Message::new(materials, MessageId::fixed(id), &none, &none, 4096).expect("a message");
    let content_key = *message(&materials()).content_key().as_bytes();
    // The `rsa` crate does not wipe what it makes of a seed: one that it got is not looked for.
    let secrets: [(&str, &[u8]); 2] = [("data key", &data_key), ("content key", &content_key)];
    let plaintext = common::sample(10_000);
    let envelope = seal_in_order(message(&materials()), &[&plaintext]);

    assert_eq!(left(&secrets, || seal_in_order(message(&materials()), &[&plaintext])), [""; 0], "sealing");
    assert_eq!(left(&secrets, || message(&materials()).replayable(10_000)), [""; 0], "preparing");
    assert_eq!(left(&secrets, || drop(Cipher::new(message(&materials()).content_key()))), [""; 0], "a cipher");
    let unused = [("data key", data_key.as_slice()), ("OAEP seed", &oaep)];
    assert_eq!(left(&unused, || DataKeySeed::fixed(data_key, &[oaep; 3])), [""; 0], "seeds that are not used");
    assert_eq!(
        left(&secrets, || {
            let mut cache = Cache::new(CacheLimits { max_age: 1.0, max_messages: 1, max_bytes: 1, capacity: 1 });
            cache.insert(1, std::rc::Rc::new(materials()), 0, 0.0);
            cache.insert(2, std::rc::Rc::new(materials()), 0, 0.0);
            cache.expire(2.0);
        }),
        [""; 0],
        "a cache"
    );
    let digest = sha2::Sha384::default();
    let answer = [sha2::Digest::finalize(digest).as_slice(), &data_key].concat();
    let opened = |answer: &[u8]| {
        let Ok(Progress::Done(header)) = Header::read(&envelope, &LIMITS) else { panic!("no header") };
        Expected::new(header, &none).expect("nothing expected").authenticate(answer)
    };
    assert!(opened(&answer).is_ok());
    assert_eq!(left(&secrets, || opened(&answer).map(|opened| Cipher::new(&opened.content_key))), [""; 0], "opening");
    let mut wrong = answer.clone();
    wrong[0] ^= 1;
    assert_eq!(left(&secrets, || opened(&wrong).err()), [""; 0], "another digest");
    assert_eq!(left(&secrets, || Expected::new(header_of(&envelope), &context(&[("a", "b")])).err()), [""; 0]);

    // KMS's Encrypt done here, under a seed of the system's.
    let plaintext = random();
    let sealed = || encrypt(&key(), &plaintext, OaepSeed::generate(&mut SysRng).expect("a seed"));
    assert_eq!(left(&[("plaintext", &plaintext)], sealed), [""; 0], "encrypting");
    assert_ne!(data_key, DATA_KEY);
}

fn header_of(envelope: &[u8]) -> Header {
    match Header::read(envelope, &LIMITS) {
        Ok(Progress::Done(header)) => header,
        other => panic!("{other:?}"),
    }
}
