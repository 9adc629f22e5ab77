//! Key ids: full key ARNs and nothing else.

use crate::common::{ARN, MRK_ARN, MRK_REPLICA_ARN, arn};
use crate::ecdh::each;
use kmseal::{Code, ImportOptions, KeyArn, KmsPublicKey, OpenerKey};

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const MRK_ID: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

#[test]
fn a_key_arn_is_accepted_in_every_partition_and_region() {
    let places = [
        ("aws", "eu-central-1"),
        ("aws", "us-east-1"),
        ("aws", "ap-southeast-4"),
        ("aws-cn", "cn-northwest-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-south-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ];
    for (partition, region) in places {
        for id in [ID, MRK_ID] {
            let text = format!("arn:{partition}:kms:{region}:000000000000:key/{id}");
            let arn = text.parse::<KeyArn>().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((arn.as_str(), format!("{arn:?}"), arn.region()), (text.as_str(), text.clone(), region));
            assert_eq!((AsRef::<str>::as_ref(&arn), arn.to_string()), (text.as_str(), text.clone()));
            assert!(arn.matches(&arn));
        }
    }
}

#[test]
fn anything_else_is_refused() {
    let arn = |id: &str| format!("arn:aws:kms:eu-central-1:111122223333:key/{id}");
    let altered = |from: &str, to: &str| {
        let whole = arn(ID);
        assert!(whole.contains(from));
        whole.replace(from, to)
    };
    let cases = [
        ("nothing", String::new()),
        ("a bare id", ID.into()),
        ("a bare multi-Region id", MRK_ID.into()),
        ("the resource alone", format!("key/{ID}")),
        ("an alias", "alias/files".into()),
        ("an alias ARN", "arn:aws:kms:eu-central-1:111122223333:alias/files".into()),
        ("upper-case id", arn(&ID.to_uppercase())),
        ("upper-case multi-Region id", arn(&MRK_ID.to_uppercase())),
        ("upper-case digits of a multi-Region id", arn(&MRK_ID.replace("abcd", "ABCD"))),
        ("no id", arn("")),
        ("id too short", arn(&ID[..35])),
        ("id too long", arn(&format!("{ID}0"))),
        ("id without hyphens", arn(&ID.replace('-', ""))),
        ("hyphens elsewhere", arn("1234abcd1-2ab-34cd-56ef-1234567890ab")),
        ("one hyphen more", arn(&format!("{ID}-"))),
        ("id not hexadecimal", arn(&ID.replace('a', "g"))),
        ("multi-Region id too short", arn(&MRK_ID[..35])),
        ("multi-Region id with hyphens", arn(&format!("mrk-{ID}"))),
        ("other letters' digits", arn(&ID.replace('1', "\u{ff11}"))),
        ("a path behind", arn(&format!("{ID}/x"))),
        ("a part behind", arn(&format!("{ID}:x"))),
        ("a colon for the slash", altered("key/", "key:")),
        ("another resource", altered("key/", "grant/")),
        ("another service", altered(":kms:", ":s3:")),
        ("upper-case service", altered(":kms:", ":KMS:")),
        ("another partition", altered(":aws:", ":azure:")),
        ("a partition that only begins so", altered(":aws:", ":awsx:")),
        ("a partition that ends too early", altered(":aws:", ":aws-:")),
        ("upper-case partition", altered(":aws:", ":AWS:")),
        ("no partition", altered(":aws:", "::")),
        ("no region", altered("eu-central-1", "")),
        ("upper-case region", altered("eu-central-1", "EU-CENTRAL-1")),
        ("a region with a space", altered("eu-central-1", "eu central 1")),
        ("no account", altered("111122223333", "")),
        ("11 digits of account", altered("111122223333", "11112222333")),
        ("13 digits of account", altered("111122223333", "1111222233334")),
        ("letters in the account", altered("111122223333", "11112222333a")),
        ("upper-case ARN", altered("arn:", "ARN:")),
        ("a space before", format!(" {}", arn(ID))),
        ("a line end behind", format!("{}\n", arn(ID))),
        ("a byte-order mark before", format!("\u{feff}{}", arn(ID))),
        ("a null byte", format!("{}\0", arn(ID))),
    ];
    for (name, text) in cases {
        let error = text.parse::<KeyArn>().expect_err(name);
        assert_eq!(error.code(), Code::KeyId, "{name}");
        assert!(error.message().contains("arn:aws:kms:REGION:ACCOUNT:key/ID"), "{name}: {error}");
    }
}

#[test]
fn the_error_says_when_a_key_id_is_an_alias() {
    for text in ["alias/files", "arn:aws:kms:eu-central-1:111122223333:alias/files"] {
        let error = text.parse::<KeyArn>().expect_err(text);
        assert!(error.message().contains("alias") && error.message().contains("GetPublicKey"), "{error}");
    }
}

#[test]
fn only_multi_region_keys_have_replicas() {
    let arn = |region: &str, id: &str| format!("arn:aws:kms:{region}:111122223333:key/{id}");
    let key = arn("eu-central-1", MRK_ID).parse::<KeyArn>().expect("an ARN");
    let replica = key.replica_in("us-east-1").expect("a replica");
    assert_eq!((replica.as_str(), replica.region()), (arn("us-east-1", MRK_ID).as_str(), "us-east-1"));
    assert!(replica.matches(&key));
    assert_eq!(key.replica_in("eu-central-1"), Some(key.clone()));
    for region in ["", "US-EAST-1", "us.east", "us-east-1:1", "us-east-1/"] {
        assert_eq!(key.replica_in(region), None, "{region}");
    }
    let single = arn("eu-central-1", ID).parse::<KeyArn>().expect("an ARN");
    assert_eq!(single.replica_in("us-east-1"), None);
}

#[test]
fn an_openers_key_has_replicas_of_its_own_kind() {
    let known = &each()[0];
    let ecc = |text: &str| {
        let options = ImportOptions { key_ids: vec![text.into()], ..known.options() };
        OpenerKey::from(&KmsPublicKey::from_der(&known.public_key_spki, &options).expect("a key"))
    };
    let by_arn = |text: &str| OpenerKey::from(arn(text));
    for of in [&ecc as &dyn Fn(&str) -> OpenerKey, &by_arn] {
        assert_eq!(of(MRK_ARN).key_id(), Some(&arn(MRK_ARN)));
        assert_eq!(of(MRK_ARN).replica_in("us-west-2"), Some(of(MRK_REPLICA_ARN)));
        assert_eq!(of(MRK_ARN).replica_in("us west"), None);
        assert_eq!(of(ARN).replica_in("us-west-2"), None);
    }
    let raw = OpenerKey::raw("raw", "key").expect("a name");
    assert_eq!((raw.key_id(), raw.replica_in("us-west-2")), (None, None));
}
