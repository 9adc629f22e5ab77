        pub fn new(modulus: Odd<crate::uint::boxed::BoxedUint>) -> Self {
            use crate::modular::BoxedMontyForm;

            // `R mod modulus`: the highest power of 2 that is less than the modulus, doubled up to `R = 2^bits_precision`.
            let bits_precision = modulus.bits_precision();
            let bits = modulus.as_ref().bit_width();
            let mut one = crate::uint::boxed::BoxedUint::zero_with_precision(bits_precision);
            one.set_bit_vartime(bits - 1, true);
            for _ in bits..=bits_precision {
                one = one.double_mod(modulus.as_nz_ref());
            }
            // Less than 1 is only 0.
            if one == *modulus.as_ref() {
                one = crate::uint::boxed::BoxedUint::zero_with_precision(bits_precision);
            }

            let mod_inv = U64::from_u64(modulus.as_uint_ref().invert_mod_u64());
            let mod_leading_zeros = modulus.as_ref().leading_zeros().min(Word::BITS - 1);
            let mut params = MontyParams { modulus, r2: one.clone(), one, mod_inv, mod_leading_zeros };

            // `R^2 mod modulus` is the Montgomery form of R: 2 to the number of limbs, squared until that is 2 to the number of bits.
            for _ in params.modulus.as_limbs() {
                params.r2 = params.r2.double_mod(params.modulus.as_nz_ref());
            }
            let mut r2 = BoxedMontyForm::from_montgomery(params.r2.clone(), &params.clone().into());
            for _ in 0..Limb::BITS.trailing_zeros() {
                r2 = r2.mul(&r2);
            }
            params.r2 = r2.to_montgomery();
            Self(params.into())
        }
