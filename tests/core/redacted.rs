//! What `{:?}` prints of values that hold secrets: their names, and nothing that is inside.

use std::fmt::Debug;

use getrandom::SysRng;
use kmseal::{
    Cache, CacheLimits, Cipher, DataKeySeed, EncryptionContext, Header, HeaderRead, Locked, Materials, Message,
    MessageId, OaepSeed,
};

use crate::common::edge::LIMITS;
use crate::common::example::key;
use crate::common::forge::Forge;
use crate::common::{ARN, arn};

fn is_redacted(value: &impl Debug) {
    let name = std::any::type_name_of_val(value).split('<').next().unwrap_or_default();
    let name = name.rsplit("::").next().unwrap_or_default();
    assert_eq!(format!("{value:?}"), format!("{name} {{ .. }}"));
    assert_eq!(format!("{value:#?}"), format!("{name} {{ .. }}"));
}

#[test]
fn debug_shows_no_content_of_what_holds_keys() {
    let none = EncryptionContext::default();
    let seed = DataKeySeed::generate(&mut SysRng, 1).expect("a seed");
    is_redacted(&seed);
    is_redacted(&OaepSeed::generate(&mut SysRng).expect("a seed"));
    let materials = Materials::wrap(&[key()], &none, seed).expect("materials");
    is_redacted(&materials);
    let message = || {
        let id = MessageId::generate(&mut SysRng).expect("an id");
        is_redacted(&id);
        Message::new(&materials, id, &none, &none, 4096).expect("a message")
    };
    is_redacted(&message());
    is_redacted(message().content_key());
    is_redacted(&Cipher::new(message().content_key()));
    is_redacted(&message().sequencer());
    is_redacted(&message().replayable(1).expect("a layout"));
    let mut cache = Cache::new(CacheLimits { max_age_ms: 1.0, max_messages: 1, max_bytes: 1, capacity: 1 });
    cache.insert(b"context".to_vec(), "materials", 1, 0.0);
    is_redacted(&cache);

    let forge = Forge::new(b"");
    let Ok(HeaderRead::Done(header)) = Header::read(&forge.header(), &LIMITS) else { panic!("no header") };
    let locked = Locked::new(header, &none).expect("nothing expected");
    is_redacted(&locked);
    let candidate = locked.candidates(&[arn(ARN).into()]).expect("a candidate").remove(0);
    let answer = candidate.request.accept(Some(ARN), None, &forge.answer()).expect("80 bytes");
    is_redacted(&answer);
    let unlocked = locked.unlock(&candidate, &answer).expect("the right key");
    is_redacted(&unlocked);
    is_redacted(&unlocked.body);
}
