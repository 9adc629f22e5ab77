//! The bucket that pages upload to.

use std::rc::Rc;

use kmseal::KeyArn;
use serde_json::json;

use crate::args::Check;
use crate::aws::s3::{Bucket, Refusal};
use crate::aws::session::Session;
use crate::check::finding::Report;
use crate::failure::Exit;

/// The headers of an upload's PUT that need permission.
const HEADERS: [&str; 4] = ["content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-meta-kmseal-description"];
/// The region to ask first when nothing names another.
const ANY_REGION: &str = "us-east-1";

pub fn check(args: &Check, session: &Rc<Session>, key: Option<&KeyArn>, report: &mut Report) {
    let (Some(name), Some(origin)) = (&args.bucket, &args.origin) else {
        for check in ["versioning", "lifecycle", "cors"] {
            report.skip(check, "give --bucket, and --origin with that of the page");
        }
        return;
    };
    let mut bucket = Bucket::new(session, name, key.map_or(ANY_REGION, KeyArn::region));
    versioning(&mut bucket, report);
    lifecycle(&mut bucket, report);
    cors(origin, &mut bucket, report);
}

fn versioning(bucket: &mut Bucket, report: &mut Report) {
    const CHECK: &str = "versioning";
    let wrong = match bucket.versioning() {
        Ok(versioning) if versioning.status.as_deref() == Some("Enabled") => {
            return report.pass(CHECK, "what is overwritten or deleted can be brought back");
        }
        Ok(versioning) if versioning.status.is_some() => "versioning is suspended",
        Ok(_) | Err(Refusal::None) => "the bucket keeps no old versions: what is overwritten or deleted is lost",
        Err(refusal) => return refused(CHECK, bucket, "GetBucketVersioning", refusal, report),
    };
    let name = bucket.name();
    let remedy = format!("aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled");
    report.fail(CHECK, Exit::Setting, wrong, remedy);
}

fn lifecycle(bucket: &mut Bucket, report: &mut Report) {
    const CHECK: &str = "lifecycle";
    let rules = match bucket.lifecycle() {
        Ok(lifecycle) => lifecycle.rules,
        Err(Refusal::None) => Vec::new(),
        Err(refusal) => return refused(CHECK, bucket, "GetLifecycleConfiguration", refusal, report),
    };
    let enabled = rules.iter().filter(|rule| rule.status == "Enabled");
    let days = enabled.filter_map(|rule| Some((rule.prefix(), rule.abort.as_ref()?.days_after_initiation)));
    // The rule for all objects, if there is one: its prefix is the shortest.
    if let Some((prefix, days)) = days.min() {
        let which = if prefix.is_empty() { String::new() } else { format!(" under {prefix:?} alone") };
        return report.pass(CHECK, format!("uploads that were not finished are removed after {days} days{which}"));
    }
    let mut rule = json!({ "ID": "AbortIncompleteUploads", "Status": "Enabled", "Filter": {} });
    rule["AbortIncompleteMultipartUpload"] = json!({ "DaysAfterInitiation": 7 });
    let name = bucket.name();
    let remedy =
        format!("add this rule to those of aws s3api put-bucket-lifecycle-configuration --bucket {name}: {rule}");
    report.fail(CHECK, Exit::Setting, "parts of uploads that were not finished stay, and are paid for", remedy);
}

/// Whether a browser would send a page's PUT, and let the page read the ETag of the answer.
fn cors(origin: &str, bucket: &mut Bucket, report: &mut Report) {
    const CHECK: &str = "cors";
    let answer = match bucket.preflight(origin, &HEADERS.join(",")) {
        Ok(answer) => answer,
        Err(why) => return refused(CHECK, bucket, "GetBucketCORS", Refusal::Failed(why), report),
    };
    let list = |header: &str| -> Vec<String> {
        let names = answer.header(header).unwrap_or_default();
        names.split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
    };
    let has = |header: &str, name: &str| list(header).iter().any(|other| other == name || other == "*");
    let allowed = answer.header("access-control-allow-origin");
    let missing: Vec<&str> =
        HEADERS.iter().copied().filter(|name| !has("access-control-allow-headers", name)).collect();
    let wrong = if answer.status != 200 || !allowed.is_some_and(|name| name == "*" || name == origin) {
        format!("the bucket does not let pages of {origin} PUT (status {})", answer.status)
    } else if !has("access-control-allow-methods", "put") {
        format!("the bucket does not let pages of {origin} PUT")
    } else if !missing.is_empty() {
        format!("the bucket does not let pages of {origin} send {}", missing.join(", "))
    } else if !has("access-control-expose-headers", "etag") {
        format!("the bucket does not let pages of {origin} read ETag")
    } else {
        return report.pass(CHECK, format!("pages of {origin} may PUT, and read ETag"));
    };
    let rule = json!({ "CORSRules": [{
        "AllowedOrigins": [origin],
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": HEADERS,
        "ExposeHeaders": ["ETag"],
    }] });
    let name = bucket.name();
    // The call replaces the rules of other pages.
    let remedy = format!(
        "aws s3api put-bucket-cors --bucket {name} --cors-configuration '{rule}', with the rules that the bucket has already"
    );
    report.fail(CHECK, Exit::Setting, wrong, remedy);
}

fn refused(check: &'static str, bucket: &Bucket, action: &str, refusal: Refusal, report: &mut Report) {
    let name = bucket.name();
    let (wrong, remedy) = match refusal {
        Refusal::Code(code, said) if code == "AccessDenied" => {
            let statement = json!({ "Effect": "Allow", "Action": format!("s3:{action}"), "Resource": format!("arn:aws:s3:::{name}") });
            (format!("S3 denies s3:{action} ({said})"), format!("an IAM policy of this identity needs {statement}"))
        }
        Refusal::Code(code, said) if code == "NoSuchBucket" => {
            (format!("there is no bucket {name} ({said})"), "check its name and account".to_owned())
        }
        Refusal::Code(_, said) | Refusal::Failed(said) => {
            (format!("S3 did not answer ({said})"), "check the network, the region and the credentials".to_owned())
        }
        Refusal::None => return,
    };
    report.fail(check, Exit::Kms, wrong, remedy + &bucket.left_behind());
}
