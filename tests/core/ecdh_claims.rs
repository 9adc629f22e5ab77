//! Which encrypted data keys of ECC keys are asked about, beyond what ecdh.rs tries, and what an opener is told where none is.

use crate::common::{ARN, OTHER_ARN, arn};
use crate::ecdh::{candidates, each, ecdh, header, known as messages};
use kmseal::{Code, Locked, OpenerKey, Reason};

/// The primes of the curves (SEC 2, 2.4.2, 2.5.1 and 2.6.1).
fn prime(len: usize) -> Vec<u8> {
    match len {
        32 => [&[0xff; 4][..], &[0, 0, 0, 1], &[0; 12], &[0xff; 12]].concat(),
        48 => [&[0xff; 31][..], &[0xfe], &[0xff; 4], &[0; 8], &[0xff; 4]].concat(),
        _ => [&[1][..], &[0xff; 65]].concat(),
    }
}

#[test]
fn a_sender_whose_x_is_the_prime_or_more_makes_no_call() {
    for known in each() {
        let (vector, _) = messages().remove(0);
        let keys = [OpenerKey::from(&known.key())];
        // Modulo the prime these are 0, 1, 2 and so on, half of which belong to points.
        let mut x = prime(known.shared_secret.len());
        for over in 0..20 {
            let mut info = known.provider_info.clone();
            let at = info.len() - x.len();
            info[at..].copy_from_slice(&x);
            let asked = candidates(&vector, &keys, &[[b"raw-ecdh", &info, &known.ciphertext]]);
            assert_eq!(asked.map(|_| ()), Err(Code::EnvelopeInvalid), "{over} over the prime of {}", known.key_spec);
            // One more.
            for byte in x.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
    }
}

#[test]
fn an_opener_without_public_keys_learns_it_where_only_ecc_keys_can_open() {
    let (vector, index) = messages().remove(0);
    let known = ecdh(&vector, index).expect("ECDH");
    let others = each().into_iter().find(|other| other.public_key_spki != known.public_key_spki).expect("another key");
    let ecc = [b"raw-ecdh".as_slice(), &known.provider_info, &known.ciphertext];
    let rsa = [b"aws-kms-rsa".as_slice(), OTHER_ARN.as_bytes(), &[1; 256]];
    let by_arn = OpenerKey::from(arn(ARN));
    let by_point = OpenerKey::from(&others.key());
    for (edks, keys, reason) in [
        (vec![ecc], vec![by_arn.clone()], Reason::NoPublicKey),
        (vec![ecc], vec![], Reason::NoPublicKey),
        (vec![ecc], vec![by_point.clone()], Reason::OtherKeys),
        (vec![ecc], vec![by_arn.clone(), by_point], Reason::OtherKeys),
        (vec![ecc, rsa], vec![by_arn.clone()], Reason::OtherKeys),
        (vec![rsa], vec![by_arn], Reason::OtherKeys),
    ] {
        let locked = Locked::new(header(&vector, &edks), &vector.pairs(true)).expect("the context");
        let error = locked.candidates(&keys).map(|_| ()).expect_err("no key");
        let told = (error.code(), error.reason());
        assert_eq!(told, (Code::NoMatchingKey, Some(reason)), "{} entries, {} keys", edks.len(), keys.len());
    }
}
