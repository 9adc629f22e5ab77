//! Debug for types that hold keys or states: the name, and no content.

use core::fmt;

use crate::{
    Answer, Body, Cache, Cipher, ContentKey, DataKeySeed, Locked, Materials, Message, MessageId, OaepSeed, Replayable,
    Sequencer, Unlocked, Wrapping,
};

macro_rules! opaque {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque! {
    Answer Cipher ContentKey DataKeySeed Locked Body Materials Message MessageId OaepSeed Unlocked Replayable Sequencer Wrapping
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}
