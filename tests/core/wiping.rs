//! Keys natively: what is freed holds none of them.

use crate::allocator::left_behind;
use crate::common::edge::{LIMITS, seal_in_order, unlock};
use crate::common::forge::DATA_KEY;
use crate::common::json::decode_text;
use crate::common::kinds::{Known, vectors};
use crate::common::{ARN, context};
use getrandom::SysRng;
use getrandom::rand_core::{TryRng, UnwrapErr};
use kmseal::{
    Cache, CacheLimits, Cipher, DataKeySeed, EncryptionContext, Header, HeaderRead, ImportOptions, KmsPublicKey,
    Locked, Materials, Message, MessageId, OaepSeed,
};

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    let Ok(()) = UnwrapErr(SysRng).try_fill_bytes(&mut bytes);
    bytes
}

fn key() -> KmsPublicKey {
    let options = ImportOptions { key_ids: vec![ARN.into()], ..ImportOptions::default() };
    KmsPublicKey::from_der(&decode_text(include_str!("../keys/rsa-2048.pem")).expect("PEM"), &options).expect("a key")
}

#[test]
fn what_is_freed_holds_no_key() {
    // The search finds memory that is not wiped.
    let secret = random();
    assert_eq!(left_behind(&[("a secret", &secret)], || secret.to_vec()), ["a secret"]);
    assert_eq!(left_behind(&[("a secret", &secret)], || random().to_vec()), [""; 0]);

    let (data_key, oaep, id) = (random(), random(), random());
    let none = EncryptionContext::default();
    let materials = || Materials::wrap(&[key()], &none, DataKeySeed::fixed(data_key, &[oaep])).expect("materials");
    let message =
        |materials: &Materials| Message::new(materials, MessageId::fixed(id), &none, &none, 4096).expect("a message");
    let content_key = *message(&materials()).content_key().as_bytes();
    // The `rsa` crate does not wipe what it makes of a seed: one that it got is not looked for.
    let secrets: [(&str, &[u8]); 2] = [("data key", &data_key), ("content key", &content_key)];
    let plaintext = crate::common::sample(10_000);
    let envelope = seal_in_order(message(&materials()), &[&plaintext]);

    assert_eq!(left_behind(&secrets, || seal_in_order(message(&materials()), &[&plaintext])), [""; 0], "sealing");
    assert_eq!(left_behind(&secrets, || message(&materials()).replayable(10_000)), [""; 0], "preparing");
    assert_eq!(left_behind(&secrets, || drop(Cipher::new(message(&materials()).content_key()))), [""; 0], "a cipher");
    let unused = [("data key", data_key.as_slice()), ("OAEP seed", &oaep)];
    assert_eq!(left_behind(&unused, || DataKeySeed::fixed(data_key, &[oaep; 3])), [""; 0], "seeds that are not used");
    assert_eq!(
        left_behind(&secrets, || {
            let mut cache = Cache::new(CacheLimits { max_age_ms: 1.0, max_messages: 1, max_bytes: 1, capacity: 1 });
            cache.insert(1, std::rc::Rc::new(materials()), 0, 0.0);
            cache.insert(2, std::rc::Rc::new(materials()), 0, 0.0);
            cache.expire(2.0);
        }),
        [""; 0],
        "a cache"
    );
    let digest = sha2::Sha384::default();
    let answer = [sha2::Digest::finalize(digest).as_slice(), &data_key].concat();
    let unlocked = |answer: &[u8]| {
        let Ok(HeaderRead::Done(header)) = Header::read(&envelope, &LIMITS) else { panic!("no header") };
        unlock(&Locked::new(header, &none).expect("nothing expected"), answer)
    };
    assert!(unlocked(&answer).is_ok());
    assert_eq!(
        left_behind(&secrets, || unlocked(&answer).map(|unlocked| Cipher::new(&unlocked.content_key))),
        [""; 0],
        "opening"
    );
    let mut wrong = answer.clone();
    wrong[0] ^= 1;
    assert_eq!(left_behind(&secrets, || unlocked(&wrong).err()), [""; 0], "another digest");
    assert_eq!(left_behind(&secrets, || Locked::new(header_of(&envelope), &context(&[("a", "b")])).err()), [""; 0]);

    // KMS's Encrypt done here, under a seed of the system's.
    let plaintext = random();
    let sealed = || key().encrypt(&plaintext, OaepSeed::generate(&mut SysRng).expect("a seed"));
    assert_eq!(left_behind(&[("plaintext", &plaintext)], sealed), [""; 0], "encrypting");
    assert_ne!(data_key, DATA_KEY);
}

fn header_of(envelope: &[u8]) -> Header {
    match Header::read(envelope, &LIMITS) {
        Ok(HeaderRead::Done(header)) => header,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_freed_holds_no_shared_secret_and_nothing_derived_from_one() {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector.name == "ecdh-p384-required").expect("a known answer");
    let [Known::Ecdh(known)] = &vector.recipients[..] else { panic!("one ECC key") };
    let secrets: [(&str, &[u8]); 4] = [
        ("shared secret", &known.shared_secret),
        // Its first half is the commitment key, which stands in the envelope.
        ("output of the derivation", &known.kdf_output[32..]),
        ("wrapping key", &known.wrapping_key),
        ("data key", &vector.data_key),
    ];
    assert_eq!(left_behind(&secrets, || vector.materials()), [""; 0], "wrapping");
    let header = [vector.header_body.as_slice(), &vector.header_tag].concat();
    let unlocked = |secret: &[u8]| {
        let locked = Locked::new(header_of(&header), &vector.pairs(true)).expect("the context");
        let key = vector.opener_key(&vector.recipients[0]);
        let candidate = locked.candidates(&[key]).expect("a candidate").remove(0);
        let answer = candidate.request.accept(Some(&known.arn), Some("ECDH"), secret).expect("an answer");
        locked.unlock(&candidate, &answer)
    };
    assert!(unlocked(&known.shared_secret).is_ok());
    assert_eq!(left_behind(&secrets, || unlocked(&known.shared_secret)), [""; 0], "unwrapping");
    let other = [1; 48];
    assert_eq!(left_behind(&[("another secret", &other)], || unlocked(&other).err()), [""; 0], "another secret");
}
