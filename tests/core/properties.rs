//! What holds for every length, cut and key: envelopes sealed with real RSA keys open however their
//! bytes arrive, and lie where the layout says.

use std::sync::LazyLock;

use crate::common::edge::{LIMITS, Opener, Outcome, seal_in_order, seal_replayably};
use crate::common::forge::{DATA_KEY, Edk, Forge};
use crate::common::kms::KmsKey;
use crate::common::{ARN, OTHER_ARN, arn, context, sample, split};
use kmseal::edge::default_frame_length;
use kmseal::{
    DataKeySeed, EncryptionAlgorithm, EncryptionContext, FRAME_LENGTHS, FrameKind, Header, HeaderRead, Layout,
    Materials, Message, MessageId, Mixing, Recipients, Request,
};
use proptest::prelude::*;
use sha2::{Digest, Sha384};

const SHA_256: EncryptionAlgorithm = EncryptionAlgorithm::RsaesOaepSha256;
const MAX_SAFE: u128 = (1 << 53) - 1;

static KEYS: LazyLock<[KmsKey; 2]> = LazyLock::new(|| [KmsKey::create(ARN, 2048), KmsKey::create(OTHER_ARN, 2048)]);

fn message(id: [u8; 32], stored: &EncryptionContext, required: &EncryptionContext, frame_length: u32) -> Message {
    let recipients = KEYS.each_ref().map(|key| key.public_key(SHA_256));
    let whole = stored.with_required(required).expect("a context");
    let seed = DataKeySeed::fixed(DATA_KEY, &[[1; 32], [2; 32]]);
    let materials = Materials::wrap(&recipients, &whole, seed).expect("materials");
    Message::new(&materials, MessageId::fixed(id), stored, required, frame_length).expect("a message")
}

fn open(key: &KmsKey, expected: &EncryptionContext, pieces: &[&[u8]]) -> Outcome {
    let ask = |request: &Request| {
        assert_eq!(request.key_id.as_ref().map(|id| id.as_str()), Some(key.arn.as_str()));
        key.decrypt(SHA_256, &request.input)
    };
    Opener { keys: vec![arn(&key.arn).into()], expected: expected.clone(), limits: LIMITS, ask: &ask }.open(pieces)
}

/// A frame length, and a length of plaintext at, around or away from an edge of such frames.
fn lengths() -> impl Strategy<Value = (u32, usize)> {
    prop_oneof![Just(1_u32), 2..40_u32, Just(4096_u32)].prop_flat_map(|frame| {
        let full = frame as usize;
        let edge = (0..5_usize, 0..3_usize).prop_map(move |(n, near)| (n * full + near).saturating_sub(1));
        (Just(frame), prop_oneof![Just(0), Just(1), edge, 0..5 * full])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_opens(
        (frame_length, len) in lengths(),
        id: [u8; 32],
        required: bool,
        in_pieces in prop::collection::vec(0..5000_usize, 0..8),
        out_pieces in prop::collection::vec(0..700_usize, 0..30),
    ) {
        let plaintext = sample(len);
        let (stored, hidden) = (context(&[("ключ", "😀")]), context(&[("hidden", "h")]));
        let required = if required { hidden } else { EncryptionContext::default() };
        let message = || message(id, &stored, &required, frame_length);
        let envelope = seal_in_order(message(), &split(&plaintext, &in_pieces));

        let keys = KEYS.iter().map(|key| key.public_key(SHA_256).into()).collect();
        let header = Recipients::new(keys, Mixing::Refused).and_then(|keys| keys.header_len(&stored)).expect("a length");
        prop_assert_eq!(header, message().header().len());
        let layout = Layout::new(header, len as u64, frame_length).expect("a layout");
        prop_assert_eq!(layout.sealed_len(), envelope.len() as u64);
        prop_assert!(seal_replayably(message(), &plaintext, |frames| (0..frames).rev()) == envelope);

        let whole = stored.with_required(&required).expect("a context");
        for key in KEYS.iter() {
            let outcome = open(key, &whole, &split(&envelope, &out_pieces));
            prop_assert_eq!(outcome, Outcome { released: plaintext.clone(), kms_calls: 1, end: Ok(whole.clone()) });
        }
    }

    #[test]
    fn what_kms_decrypts_is_the_digest_and_the_data_key(value: String, id: [u8; 32]) {
        let stored = context(&[("a", &value)]);
        let message = message(id, &stored, &EncryptionContext::default(), 4096);
        let Ok(HeaderRead::Done(header)) = Header::read(message.header(), &LIMITS) else { panic!("no header") };
        prop_assert_eq!(header.encrypted_data_keys().len(), 2);
        let wrapped = [Sha384::digest(stored.serialize().expect("bytes")).as_slice(), &DATA_KEY].concat();
        for (edk, key) in header.encrypted_data_keys().iter().zip(KEYS.iter()) {
            prop_assert_eq!(key.decrypt(SHA_256, &edk.ciphertext), Some(wrapped.clone()));
        }
    }
}

proptest! {
    #[test]
    fn the_frames_of_a_layout_follow_each_other_without_a_gap(
        header in prop_oneof![4 => 0..100_000_usize, 1 => any::<usize>()],
        (len, frame_length) in prop_oneof![
            (0..10_000_u64, 1..300_u32),
            (0..1_u64 << 54, 1..=u32::MAX),
            (0..1_u64 << 54, FRAME_LENGTHS),
            (any::<u64>(), any::<u32>().prop_map(|length| length.max(1))),
        ],
        index: u32,
        offset in any::<prop::sample::Index>(),
    ) {
        let frames = u128::from(len).div_ceil(frame_length.into()).max(1);
        let sealed_len = header as u128 + u128::from(len) + 32 * frames + 8;
        let Ok(layout) = Layout::new(header, len, frame_length) else {
            prop_assert!(frames > u32::MAX.into() || sealed_len > MAX_SAFE);
            return Ok(());
        };
        prop_assert!(sealed_len <= MAX_SAFE);
        prop_assert_eq!(u128::from(layout.frames()), frames);
        prop_assert_eq!(u128::from(layout.sealed_len()), sealed_len);
        prop_assert_eq!(Layout::of_envelope(header, layout.sealed_len(), frame_length), Some(layout));

        let last = layout.frames() - 1;
        for i in [0, index % layout.frames(), last] {
            let span = layout.span(i).expect("a span");
            let sealed = u64::from(span.len) + if span.kind == FrameKind::Final { 40 } else { 32 };
            prop_assert_eq!(span.kind == FrameKind::Final, i == last);
            if i == 0 {
                prop_assert_eq!((span.plaintext_start, span.sealed_start), (0, header as u64));
            }
            let (plaintext_end, sealed_end) = (span.plaintext_start + u64::from(span.len), span.sealed_start + sealed);
            if span.kind == FrameKind::Final {
                prop_assert_eq!((plaintext_end, sealed_end), (len, layout.sealed_len()));
            } else {
                let next = layout.span(i + 1).expect("a next span");
                prop_assert_eq!(span.len, frame_length);
                prop_assert_eq!((plaintext_end, sealed_end), (next.plaintext_start, next.sealed_start));
            }
            let within = span.sealed_start + offset.index(usize::try_from(sealed).expect("64 bits")) as u64;
            for at in [span.sealed_start, within, sealed_end - 1] {
                prop_assert_eq!(layout.frame_at(at), i);
            }
        }
        prop_assert_eq!(layout.span(layout.frames()), None);
        prop_assert_eq!(layout.frame_at(header.saturating_sub(1) as u64), 0);
        prop_assert_eq!(layout.frame_at(u64::MAX), last);
    }

    #[test]
    fn the_default_frame_length_is_the_smallest_that_is_comfortable(len in 0..1_u64 << 53) {
        let length = default_frame_length(Some(len));
        prop_assert!(length.is_power_of_two() && (256 << 10..=16 << 20).contains(&length));
        prop_assert!(len.div_ceil(length.into()) <= 12_000 || length == 16 << 20);
        prop_assert!(length == 256 << 10 || len.div_ceil(u64::from(length / 2)) > 12_000);
    }

    /// Whatever comes, reading asks for more than it has, and no more than the header needs.
    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes: Vec<u8>, like_a_header: bool) {
        if like_a_header {
            bytes.splice(0..0, [2, 4, 0x78]);
        }
        match Header::read(&bytes, &LIMITS) {
            Ok(HeaderRead::Need(len)) => prop_assert!(len > bytes.len()),
            Ok(HeaderRead::Done(header)) => prop_assert!(header.len() <= bytes.len()),
            Err(_) => {}
        }
    }

    #[test]
    fn a_header_is_read_from_any_prefix(
        message_id: [u8; 32],
        pairs in prop::collection::btree_map("[a-z]{0,3}", "[a-z]{0,3}", 0..4),
        edks in prop::collection::vec(("[a-z]{0,4}", "[a-z]{0,4}", any::<[u8; 9]>()), 1..8),
        frame_length in 1..1_000_000_u32,
    ) {
        let mut forge = Forge::new(b"");
        (forge.message_id, forge.frame_length) = (message_id, frame_length);
        forge.edks = edks.iter().map(|(id, info, ciphertext)| Edk::new(id, info, ciphertext)).collect();
        let sorted: Vec<_> = pairs.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
        if !sorted.is_empty() {
            forge = forge.store(&sorted);
        }
        let bytes = forge.bytes();
        let len = forge.header().len();
        for cut in 0..len {
            match Header::read(&bytes[..cut], &LIMITS) {
                Ok(HeaderRead::Need(need)) => prop_assert!((cut + 1..=len).contains(&need)),
                other => prop_assert!(false, "{cut} of {len} bytes: {other:?}"),
            }
        }
        let Ok(HeaderRead::Done(header)) = Header::read(&bytes, &LIMITS) else { panic!("no header") };
        prop_assert_eq!(header.len(), len);
        prop_assert_eq!(header.message_id(), &message_id);
        prop_assert_eq!(header.frame_length(), frame_length);
        let read: Vec<_> = header.context().pairs().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
        prop_assert_eq!(read, sorted);
        let read = header.encrypted_data_keys().iter().map(|edk| (&edk.provider_id, &edk.provider_info, &edk.ciphertext));
        let written = forge.edks.iter().map(|edk| (&edk.provider_id, &edk.provider_info, &edk.ciphertext));
        prop_assert!(read.eq(written));
    }
}

#[test]
fn the_plaintext_length_follows_from_the_length_of_an_envelope() {
    for frame_length in [1_u32, 7, 8, 9, 40, 41] {
        let full = u64::from(frame_length);
        let layout = |len| Layout::new(50, len, frame_length).expect("a layout").sealed_len();
        let mut known = vec![None; 2000];
        for len in 0..2000 {
            // A full multiple ends in a full final frame or, written by others, in an empty one.
            let empty_final = (len > 0 && len % full == 0).then(|| layout(len) + 32);
            for sealed in [Some(layout(len)), empty_final].into_iter().flatten() {
                if let Some(slot) = known.get_mut(sealed as usize) {
                    assert_eq!(*slot, None, "two messages of {sealed} bytes");
                    *slot = Some(len);
                }
            }
        }
        for (sealed, len) in known.into_iter().enumerate() {
            let layout = Layout::of_envelope(50, sealed as u64, frame_length);
            assert_eq!(layout.map(|layout| layout.plaintext_len()), len, "{sealed} by {frame_length}");
        }
    }
    for sealed in 90..200 {
        assert_eq!(Layout::of_envelope(50, sealed, 0), None, "{sealed} by frames of nothing");
    }
}

#[test]
fn the_default_frame_length_rises_with_the_plaintext() {
    const KIB: u32 = 1024;
    const MIB: u32 = 1024 * KIB;
    const GIB: u64 = 1024 * 1024 * 1024;
    let edge = 12_000 * u64::from(256 * KIB);
    let cases = [
        (None, 256 * KIB),
        (Some(0), 256 * KIB),
        (Some(edge), 256 * KIB),
        (Some(edge + 1), 512 * KIB),
        (Some(10 * GIB), MIB),
        (Some(12_000 * u64::from(16 * MIB)), 16 * MIB),
        (Some(u64::MAX), 16 * MIB),
    ];
    for (len, expected) in cases {
        assert_eq!(default_frame_length(len), expected, "{len:?}");
    }
    assert_eq!(FRAME_LENGTHS, 4 * KIB..=16 * MIB);
}
