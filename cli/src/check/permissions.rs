//! What the caller may do with a key: the call that opens, and whether what is sealed opens.

use std::io::Cursor;

use kmseal::io::read_header;
use kmseal::{
    EncryptionAlgorithm, EncryptionContext, KmsPublicKey, Limits, Locked, Mixing, OpenerKey, Recipient, Recipients,
    Request,
};

use crate::aws::kms::Kms;
use crate::aws::operations::Permission;
use crate::check::finding::Report;
use crate::envelope::open::open;
use crate::envelope::opener_keys::{Allowed, OpenerKeys, in_region};
use crate::envelope::pipeline::MEMORY_LEN;
use crate::envelope::seal::{Plan, seal};
use crate::envelope::unlock::Unlocker;
use crate::failure::{Exit, Failure, Result};
use crate::files::input::reader;

/// One byte, whatever it is.
const BYTE: &[u8] = b"k";
const FRAME_LENGTH: u32 = 4096;

/// Whether the caller may have KMS give back a data key, and whether what is sealed for the key opens.
pub fn permissions(key: &KmsPublicKey, algorithm: EncryptionAlgorithm, mut kms: Kms, report: &mut Report) {
    let (check, doing) = match key.key_usage() {
        "KEY_AGREEMENT" => ("derive", "derive shared secrets"),
        "ENCAPSULATE_DECAPSULATE" => ("decapsulate", "decapsulate"),
        _ => ("decrypt", "decrypt"),
    };
    let Some(here) = in_region(&OpenerKey::from(key), kms.region()) else {
        let wrong = format!("{} is in another region, and is not a multi-Region key", key.key_id().as_str());
        report.fail(check, Exit::Mismatch, wrong, "leave --region out");
        return report.skip("open", "KMS has no such key in this region");
    };
    let sealed = seal_byte(key).and_then(|sealed| Ok((request(&sealed, &here)?, sealed)));
    let (request, sealed) = match sealed {
        Ok(sealed) => sealed,
        Err(failure) => {
            report.skip(check, "nothing could be sealed");
            return report.fail_as("open", &failure);
        }
    };
    match kms.may(&request, algorithm) {
        Permission::Granted => {
            let arn = request.key_id.as_ref().unwrap_or(key.key_id());
            report.pass(check, format!("KMS lets this caller {doing} with {arn}"));
        }
        Permission::Denied(sentence) => {
            report.fail_as(check, &Failure::kms(sentence));
            return report.skip("open", format!("this caller may not {doing}"));
        }
    }
    match open_byte(sealed, here, algorithm, kms) {
        Ok(()) => report.pass("open", "a sealed byte was opened through KMS"),
        Err(failure) => report.fail_as("open", &failure),
    }
}

fn seal_byte(key: &KmsPublicKey) -> Result<Vec<u8>> {
    let empty = EncryptionContext::default();
    let recipients = Recipients::new(vec![Recipient::from(key.clone())], Mixing::Refused)?;
    let plan = Plan { recipients: &recipients, stored: &empty, required: &empty, frame_length: FRAME_LENGTH };
    let mut envelope = Vec::new();
    seal(&plan, &mut reader(Cursor::new(BYTE)), None, &mut envelope, MEMORY_LEN, |_| ())?;
    Ok(envelope)
}

/// The call that opens it.
fn request(mut envelope: &[u8], key: &OpenerKey) -> Result<Request> {
    let locked = Locked::new(read_header(&mut envelope, &Limits::default())?, &EncryptionContext::default())?;
    Ok(locked.candidates(std::slice::from_ref(key))?.remove(0).request)
}

/// As `kmseal open --key` does.
fn open_byte(envelope: Vec<u8>, key: OpenerKey, algorithm: EncryptionAlgorithm, kms: Kms) -> Result<()> {
    let mut envelope = reader(Cursor::new(envelope));
    let header = read_header(&mut envelope, &Limits::default())?;
    let opener_keys = OpenerKeys::new(Vec::new(), vec![key], Allowed::Listed(Vec::new()));
    let mut unlocker = Unlocker::new(Some(kms), opener_keys, algorithm, EncryptionContext::default());
    let (opened, _) = unlocker.unlock(header)?;
    let mut plaintext = Vec::new();
    open(opened, &mut envelope, &mut plaintext, FRAME_LENGTH, MEMORY_LEN, |_| ())?;
    if plaintext == BYTE { Ok(()) } else { Err(Failure::kms("the byte that came out is not the one that was sealed")) }
}
