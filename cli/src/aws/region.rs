//! A region becomes part of a host name, so every one is checked, wherever it comes from.

use kmseal::KeyArn;

/// A region's name, such as `us-gov-west-1`: words of letters, then a number.
pub fn parse(text: &str) -> Result<String, &'static str> {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| (2..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let valid = match parts.as_slice() {
        [words @ .., number] => {
            (2..=4).contains(&words.len())
                && words.iter().all(word)
                && (1..=2).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        [] => false,
    };
    if valid { Ok(text.to_owned()) } else { Err("this is not the name of an AWS region, such as eu-central-1") }
}

/// The region of a key's or an alias's ARN, not checked; none for what is not an ARN.
pub fn in_arn(key_id: &str) -> Option<&str> {
    key_id.strip_prefix("arn:")?.split(':').nth(2)
}

/// The key to ask for, if it can be asked in this region: its own, or any for a multi-Region key.
pub fn key_in(arn: &KeyArn, region: Option<&str>) -> Option<KeyArn> {
    parse(arn.region()).ok()?;
    match region {
        Some(region) if region != arn.region() => arn.replica_in(region),
        _ => Some(arn.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regions_of_every_partition_are_accepted_and_nothing_else() {
        for region in ["us-east-1", "eu-central-1", "us-gov-west-1", "us-isob-east-1", "cn-north-1", "eusc-de-east-1"] {
            assert_eq!(parse(region), Ok(region.to_owned()));
        }
        for other in
            ["", "-", "us", "us-east", "us-east-", "-east-1", "us-east-1.evil.example", "us-east-1/", "US-EAST-1"]
        {
            assert!(parse(other).is_err(), "{other}");
        }
        assert!(parse(&format!("us-{}-1", "a".repeat(60))).is_err());
    }
}
