//! What to do about what the core refused, in the names of the command's options.

use kmseal::Reason;

/// What is wrong, then what to do.
pub fn sentence(message: &str, reason: Option<Reason>) -> String {
    [message, reason.map_or("", remedy)].concat()
}

fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::NoKeyArn => " with --key-arn",
        Reason::TooManyFrames => "; give a larger --frame-length or split the file",
        Reason::TooManyDataKeys => "; raise --max-encrypted-data-keys if you trust its source",
        Reason::FramesTooShort => "; lower --min-frame-length if you trust its source",
        Reason::FramesTooLong => "; raise --max-frame-length if you trust its source",
        Reason::OtherKeys => "; compare --key-id with the keys that `kmseal inspect` shows",
        Reason::NotDecrypted => " (--encryption-algorithm)",
        Reason::Throttled => "; set AWS_MAX_ATTEMPTS higher, open several files in one run, or ask for a higher quota",
        Reason::NoKeyName => " with --key-namespace and --key-name",
        Reason::NoKeyUsage => " with --key-usage",
        Reason::Experimental => "; give --experimental to use it nevertheless",
        Reason::MixedKinds => "; give --mixed to seal it nevertheless",
        Reason::NoPublicKey => "; give the ECC key's public key with --key, or its ARN with --key-id",
        // The command encrypts nothing but envelopes.
        Reason::PlaintextTooLong => "; seal it as a file",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_core_has_a_remedy() {
        for reason in Reason::ALL {
            assert_ne!(remedy(*reason), "", "{reason:?}");
        }
    }
}
