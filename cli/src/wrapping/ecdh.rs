//! ECDH with the public key of an ECC key (NIST SP 800-56A, 5.7.1.2): the sender's half, by RustCrypto.

use getrandom::SysRng;
use kmseal::edge::wiped;
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::failure::Result;
use crate::wrapping::{Exchange, no_random, unusable};

/// Agrees on a secret with the recipient's point, under a private key that exists for this one call. The secret is the x coordinate of
/// the shared point, as long as the curve's field.
///
/// # Errors
/// ERR_KEY_INVALID: the point is not on the curve.
pub fn agree<C>(recipient: &[u8]) -> Result<Exchange>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let recipient = point::<C>(recipient).ok_or_else(|| unusable("its point is not on the curve"))?;
    wiped(|| {
        let private = SecretKey::<C>::try_generate_from_rng(&mut SysRng).map_err(no_random)?;
        let public = private.public_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Exchange { public, shared_secret: shared(&private, &recipient) })
    })
}

/// A point of the curve, other than the one at infinity (NIST SP 800-56A, 5.6.2.3.3).
pub fn point<C>(bytes: &[u8]) -> Option<PublicKey<C>>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    PublicKey::from_sec1_bytes(bytes).ok()
}

pub fn shared<C: CurveArithmetic>(private: &SecretKey<C>, public: &PublicKey<C>) -> Zeroizing<Vec<u8>> {
    let secret = diffie_hellman(private.to_nonzero_scalar(), public.as_affine());
    Zeroizing::new(secret.raw_secret_bytes().to_vec())
}
