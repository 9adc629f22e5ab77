//! The curves of KMS's ECC keys, their points and their public keys.
//!
//! Source: AWS KMS API Reference, "Asymmetric key specs"; SEC 1, 2.3.3 and 2.3.4 (points as bytes); SEC 2, 2.4.2, 2.5.1 and 2.6.1
//! (parameters); RFC 5480, 2 (DER).

use alloc::vec::Vec;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

/// An uncompressed point's first byte (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The curve of an ECC key of KMS; all have a = -3 and a prime that is 3 modulo 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// What distinguishes a curve.
struct Facts {
    key_spec: &'static str,
    name: &'static str,
    /// The DER of a SubjectPublicKeyInfo up to the uncompressed point.
    spki: &'static [u8],
    p: &'static [u8],
    b: &'static [u8],
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    #[rustfmt::skip]
    const fn facts(self) -> &'static Facts {
        match self {
            Self::P256 => &Facts {
                key_spec: "ECC_NIST_P256",
                name: "p256",
                spki: b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
                p: b"\xff\xff\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                b: b"\x5a\xc6\x35\xd8\xaa\x3a\x93\xe7\xb3\xeb\xbd\x55\x76\x98\x86\xbc\x65\x1d\x06\xb0\xcc\x53\xb0\xf6\x3b\xce\x3c\x3e\x27\xd2\x60\x4b",
            },
            Self::P384 => &Facts {
                key_spec: "ECC_NIST_P384",
                name: "p384",
                spki: b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
                p: b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff",
                b: b"\xb3\x31\x2f\xa7\xe2\x3e\xe7\xe4\x98\x8e\x05\x6b\xe3\xf8\x2d\x19\x18\x1d\x9c\x6e\xfe\x81\x41\x12\x03\x14\x08\x8f\x50\x13\x87\x5a\xc6\x56\x39\x8d\x8a\x2e\xd1\x9d\x2a\x85\xc8\xed\xd3\xec\x2a\xef",
            },
            Self::P521 => &Facts {
                key_spec: "ECC_NIST_P521",
                name: "p521",
                spki: b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00",
                p: b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                b: b"\x00\x51\x95\x3e\xb9\x61\x8e\x1c\x9a\x1f\x92\x9a\x21\xa0\xb6\x85\x40\xee\xa2\xda\x72\x5b\x99\xb3\x15\xf3\xb8\xb4\x89\x91\x8e\xf1\x09\xe1\x56\x19\x39\x51\xec\x7e\x93\x7b\x16\x52\xc0\xbd\x3b\xb1\xbf\x07\x35\x73\xdf\x88\x3d\x2c\x34\xf1\xef\x45\x1f\xd4\x6b\x50\x3f\x00",
            },
        }
    }

    /// KMS's KeySpec.
    pub(crate) fn key_spec(self) -> &'static str {
        self.facts().key_spec
    }

    /// As FixedInfo names it (key-agreement-schemas.md has other names; this is what AWS's libraries write).
    pub(crate) fn name(self) -> &'static str {
        self.facts().name
    }

    /// Length of a coordinate, and so of a shared secret, in bytes: 32, 48 or 66.
    pub(crate) fn field_len(self) -> usize {
        self.facts().p.len()
    }

    /// The curve whose compressed points have this length in bytes.
    pub(crate) fn of_compressed_len(len: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| len == curve.field_len().saturating_add(1))
    }

    /// Curve and uncompressed point of a SubjectPublicKeyInfo, which for these curves has one encoding; the point is not checked.
    pub(crate) fn of_spki(der: &[u8]) -> Option<(Self, &[u8])> {
        Self::ALL.into_iter().find_map(|curve| {
            let point = der.strip_prefix(curve.facts().spki)?;
            (point.len() == curve.field_len().saturating_mul(2).saturating_add(1)).then_some((curve, point))
        })
    }

    /// The SubjectPublicKeyInfo of a compressed point; none for what is not a point of the curve.
    pub(crate) fn spki(self, compressed: &[u8]) -> Option<Vec<u8>> {
        let mut der = self.facts().spki.to_vec();
        der.extend(self.decompress(compressed)?);
        Some(der)
    }

    /// The compressed form of an uncompressed point; none for what is not a point of the curve.
    pub(crate) fn compress(self, point: &[u8]) -> Option<Vec<u8>> {
        let x = point.get(1..)?.get(..self.field_len())?;
        let compressed = [&[2 | point.last()? & 1], x].concat();
        (self.decompress(&compressed)? == point).then_some(compressed)
    }

    /// SEC 1, 2.3.4. Points are public, so the time may depend on them. It computes with what an RSA key is used with, too, and nothing
    /// else: subtraction, division by four and what else there is of it would be 1.5 KB of the .wasm.
    #[allow(clippy::arithmetic_side_effects, reason = "numbers modulo p do not overflow")]
    fn decompress(self, compressed: &[u8]) -> Option<Vec<u8>> {
        let facts = self.facts();
        let (&sign @ (2 | 3), x) = compressed.split_first()? else { return None };
        // Numbers of equal lengths compare as their bytes do.
        if x.len() != facts.p.len() || x >= facts.p {
            return None;
        }
        let integer = BoxedUint::from_be_slice_vartime;
        let modulus = BoxedMontyParams::new(Odd::new(integer(facts.p)).into_option()?);
        let number = |bytes: &[u8]| BoxedMontyForm::new(integer(bytes), &modulus);
        // p ends in ff.
        let minus = |small: u8| {
            let mut bytes = facts.p.to_vec();
            *bytes.last_mut()? ^= small;
            Some(number(&bytes))
        };
        let x_ = number(x);
        let mut square = x_.clone();
        square *= &x_;
        square += &minus(3)?;
        square *= &x_;
        square += &number(facts.b);
        // To the power of (p + 1) / 4, which is one more than p / 4 rounded down.
        let mut exponent = facts.p.to_vec();
        let mut carry = 0;
        for byte in &mut exponent {
            (*byte, carry) = (*byte >> 2 | carry << 6, *byte);
        }
        let mut root = square.pow_bounded_exp(&integer(&exponent), square.bits_precision());
        root *= &square;
        let bytes = |form: &BoxedMontyForm| form.retrieve().to_be_bytes();
        let mut again = root.clone();
        again *= &root;
        if bytes(&again) != bytes(&square) {
            return None;
        }
        if bytes(&root).last()? & 1 != sign & 1 {
            root *= &minus(1)?;
        }
        let y = bytes(&root);
        let y = y.get(y.len().checked_sub(x.len())?..)?;
        Some([&[UNCOMPRESSED], x, y].concat())
    }
}
