//! What to do about what the core refused, in the names of the page's options.

use alloc::string::String;

use kmseal::Reason;

/// What is wrong, then what to do.
#[inline(never)]
pub fn sentence(message: &str, reason: Option<Reason>) -> String {
    [message, reason.map_or("", remedy)].concat()
}

fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::NoKeyArn => " as keyId",
        #[cfg(feature = "every-kind")]
        Reason::NoKeyName => " as keyNamespace and keyName",
        Reason::NoKeyUsage => " as keyUsage",
        #[cfg(feature = "every-kind")]
        Reason::Experimental => "; give experimental: true to take it all the same",
        #[cfg(not(feature = "every-kind"))]
        Reason::Experimental => "; bundle the page under the condition 'every-kind' (docs/own-keys.md)",
        #[cfg(feature = "every-kind")]
        Reason::MixedKinds => "; give mixed: true to seal it nevertheless",
        Reason::NoPublicKey => "; give the ECC key's KmsPublicKey in keys",
        Reason::PlaintextTooLong => "; seal longer data with a Sealer",
        Reason::TooManyFrames => "; give a larger frameLength or split the file",
        Reason::TooManyDataKeys => "; raise maxEncryptedDataKeys if you trust its source",
        Reason::FramesTooShort => "; lower minFrameLength if you trust its source",
        Reason::FramesTooLong => "; raise maxFrameLength if you trust its source",
        Reason::OtherKeys => "; compare the opener's with what inspect() shows",
        Reason::NotDecrypted => " (encryptionAlgorithm)",
        Reason::Throttled => "; raise maxAttempts, use a data-key cache, or ask for a higher quota",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn every_reason_of_the_core_has_a_remedy() {
        for reason in Reason::ALL {
            assert_ne!(remedy(*reason), "", "{reason:?}");
        }
    }
}
