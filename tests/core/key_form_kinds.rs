//! Keys of every kind, in every form that tools write: an ECC key needs its usage besides, which most of these hold.

use kmseal::{Code, ImportOptions, KmsPublicKey, Reason};

use crate::common::ARN;
use crate::common::json::read;
use crate::common::key_texts::Sample;

/// Forms that hold a key and its ARN, and not what it is for.
const WITHOUT_USAGE: [&str; 6] = [
    "--query [KeyId,KmsPublicKey]",
    "terraform output",
    "terraform output, indented",
    "terraform output -json",
    "the outputs of a stack",
    "an .env file",
];

fn import(source: &[u8], key_id: Option<&str>, key_usage: Option<&str>) -> kmseal::Result<KmsPublicKey> {
    let options = ImportOptions {
        key_ids: key_id.map(str::to_owned).into_iter().collect(),
        key_usage: key_usage.map(str::to_owned),
        experimental: true,
        ..ImportOptions::default()
    };
    KmsPublicKey::from_get_public_key(&read(source)?, &options)
}

/// It is taken as it is, or where it is an ECC key of which nothing says the usage, with that alone.
fn check(sample: &Sample, name: &str, source: &[u8], key_id: Option<&str>, holds_usage: bool) {
    let name = format!("{name} ({})", sample.spec);
    assert_eq!(read(source).expect(&name).public_key, sample.der, "{name}");
    if sample.usage == "KEY_AGREEMENT" && !holds_usage {
        let error = import(source, key_id, None).map(|_| ()).expect_err(&name);
        assert_eq!((error.code(), error.reason()), (Code::KeyUnsupported, Some(Reason::NoKeyUsage)), "{name}");
    } else {
        let key = import(source, key_id, None).expect(&name);
        assert_eq!((key.key_id().as_str(), key.key_spec()), (ARN, sample.spec), "{name}");
    }
    let key = import(source, key_id, Some(sample.usage)).expect(&name);
    assert_eq!((key.key_id().as_str(), key.key_spec()), (ARN, sample.spec), "{name}");
    let other = if sample.usage == "KEY_AGREEMENT" { "ENCRYPT_DECRYPT" } else { "KEY_AGREEMENT" };
    let refused = import(source, key_id, Some(other)).map(|_| ()).map_err(|error| error.code());
    assert_eq!(refused, Err(Code::KeyUnsupported), "{name}");
}

#[test]
fn an_answer_of_every_kind_of_key_is_taken_in_every_form() {
    for sample in Sample::of_kinds() {
        for (name, source) in sample.whole() {
            check(&sample, name, &source, None, !WITHOUT_USAGE.contains(&name));
        }
    }
}

#[test]
fn a_bare_key_of_every_kind_is_taken_in_every_form() {
    for sample in Sample::of_kinds() {
        for (name, source) in sample.bare() {
            check(&sample, name, &source, Some(ARN), false);
        }
    }
}
