//! The integers that RSA and points on curves compute with, in which tools/rustc.sh puts a function of our own (tools/monty-params.rs).

use crypto_bigint::modular::BoxedMontyParams;
use crypto_bigint::{BoxedUint, Limb, Odd};
use sha2::{Digest, Sha256};
use wasm_bindgen_test::wasm_bindgen_test;

/// Bits of a limb.
const LIMB: u32 = 32;

/// An odd number of `bits` bits, in `precision` of them: the least one, the greatest one, or one that is neither.
fn odd(bits: u32, precision: u32, fill: impl Fn(usize) -> u8) -> Odd<BoxedUint> {
    let len = bits.div_ceil(8) as usize;
    let mut bytes: Vec<u8> = (0..len).map(fill).collect();
    let top = (bits - 1) % 8;
    bytes[0] = bytes[0] & ((1 << top) - 1) | 1 << top;
    bytes[len - 1] |= 1;
    Odd::new(BoxedUint::from_be_slice(&bytes, precision).expect("no more bits")).expect("it is odd")
}

#[wasm_bindgen_test]
fn what_a_modulus_needs_is_the_same_with_division_and_without() {
    assert_eq!(Limb::BITS, LIMB);
    for limbs in [1, 2, 3, 8, 12, 17, 63, 64, 65, 96, 127, 128] {
        let precision = limbs * LIMB;
        let lens = (1..=9).chain(31..=33).chain([521, 2048, 3071]).chain(precision.saturating_sub(34)..=precision);
        for bits in lens.filter(|bits| (1..=precision).contains(bits)) {
            let hashes =
                |at: usize| Sha256::digest([bits, precision, at as u32 / 32].map(u32::to_be_bytes).concat())[at % 32];
            for modulus in [odd(bits, precision, |_| 0), odd(bits, precision, |_| 0xff), odd(bits, precision, hashes)] {
                let (own, dividing) = (BoxedMontyParams::new(modulus.clone()), BoxedMontyParams::new_vartime(modulus));
                assert!(own == dividing, "{bits} bits in {precision}");
            }
        }
    }
}
