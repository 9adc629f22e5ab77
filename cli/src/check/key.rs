//! The key: what KMS has, what is published, and what the caller may do with it.

use aws_smithy_types::body::SdkBody;
use http::{Request, Uri};
use kmseal::{ImportOptions, KmsPublicKey};

use crate::args::Check;
use crate::aws::kms::Kms;
use crate::aws::public_key;
use crate::aws::session::Session;
use crate::check::finding::Report;
use crate::check::permissions::permissions;
use crate::failure::{Exit, Failure, Result};
use crate::key_file::{self, KeyFile};

/// Checks the key. Returns the one that pages seal for: the published key, or else the one from KMS.
pub fn check(args: &Check, session: &Session, mut kms: Kms, report: &mut Report) -> Option<KmsPublicKey> {
    let of_kms = ask(args, session, &mut kms, report);
    let published = published(args, session, of_kms.as_ref(), report);
    let key = published.or(of_kms);
    match &key {
        Some(key) => fingerprint(args, key, report),
        None => report.skip("fingerprint", "no key could be read"),
    }
    match &key {
        Some(key) => permissions(key, args.algorithm.encryption_algorithm, kms, report),
        None => {
            report.skip("decrypt", "no key could be read");
            report.skip("open", "no key could be read");
        }
    }
    key
}

/// Usage and spec, as KMS states them.
fn ask(args: &Check, session: &Session, kms: &mut Kms, report: &mut Report) -> Option<KmsPublicKey> {
    let answer = kms.get_public_key(&args.key_id);
    match answer.and_then(|answer| public_key::check(&answer, &options(args))) {
        Ok(key) => {
            let place = session.kms_elsewhere().map(|place| format!(", asked at {place}")).unwrap_or_default();
            let (arn, spec, usage) = (key.key_id().as_str(), key.key_spec(), key.key_usage());
            report.pass("key", format!("{arn} ({spec}, {usage}){place}"));
            Some(key)
        }
        Err(failure) => {
            report.fail_as("key", &failure);
            None
        }
    }
}

/// Compares the key that pages load with the one that KMS has.
fn published(
    args: &Check,
    session: &Session,
    of_kms: Option<&KmsPublicKey>,
    report: &mut Report,
) -> Option<KmsPublicKey> {
    let Some(source) = &args.key else {
        report.skip("published", "give --key with the file or URL that pages load");
        return None;
    };
    let options = ImportOptions {
        key_ids: args.key_arn.iter().map(|arn| arn.as_str().to_owned()).collect(),
        // A file without a usage (PEM) is compared with the key that KMS has.
        key_usage: of_kms.map(|key| key.key_usage().to_owned()),
        ..options(args)
    };
    let read = if source.starts_with("https://") || source.starts_with("http://") {
        fetch(source, args.origin.as_deref(), session)
            .and_then(|bytes| Ok(key_file::parse(&bytes, &options)?))
            .map_err(|failure| Failure::new(failure.exit, format!("{source}: {failure}")))
    } else {
        KeyFile::read(source.as_ref()).and_then(|file| file.of_kms(&options))
    };
    match (read, of_kms) {
        (Ok(key), Some(of_kms)) if key.key_id() != of_kms.key_id() => {
            let wrong = format!(
                "{source} holds {}, and {} is {}",
                key.key_id().as_str(),
                args.key_id,
                of_kms.key_id().as_str()
            );
            report.fail("published", Exit::Key, wrong, publish(args));
            Some(key)
        }
        (Ok(key), Some(of_kms)) if key.fingerprint() != of_kms.fingerprint() => {
            let wrong = format!(
                "{source} holds a different public key from the one that KMS has for {}",
                key.key_id().as_str()
            );
            report.fail("published", Exit::Key, wrong, publish(args));
            Some(key)
        }
        (Ok(key), Some(_)) => {
            report.pass("published", format!("{source} holds this key"));
            Some(key)
        }
        (Ok(key), None) => {
            report.skip(
                "published",
                format!("{source} holds {}; KMS gave no key to compare it with", key.key_id().as_str()),
            );
            Some(key)
        }
        (Err(failure), _) => {
            report.fail("published", failure.exit, failure.to_string(), publish(args));
            None
        }
    }
}

fn options(args: &Check) -> ImportOptions {
    ImportOptions {
        encryption_algorithm: args.algorithm.encryption_algorithm,
        experimental: args.kinds.experimental,
        ..ImportOptions::default()
    }
}

fn publish(args: &Check) -> String {
    format!("publish what this prints: kmseal key {}", args.key_id)
}

/// Fetches the key as a page of `origin` does.
fn fetch(url: &str, origin: Option<&str>, session: &Session) -> Result<Vec<u8>> {
    let unreachable = |why: String| Failure::new(Exit::Key, format!("it cannot be fetched ({why})"));
    if origin.is_some_and(|origin| is_mixed_content(url, origin)) {
        return Err(Failure::new(
            Exit::Key,
            "browsers load nothing over http into a page of https; publish it over https",
        ));
    }
    let mut request = Request::get(url);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let request = request.body(SdkBody::empty()).map_err(|error| unreachable(error.to_string()))?;
    let answer = session.block_on(session.network.send(request)).map_err(unreachable)?;
    if answer.status != 200 {
        return Err(unreachable(match answer.status {
            300..400 => format!("status {}; name the URL that it leads to", answer.status),
            status => format!("status {status}"),
        }));
    }
    let allowed = answer.header("access-control-allow-origin");
    let is_readable = origin
        .is_none_or(|origin| is_same_origin(url, origin) || allowed.is_some_and(|name| name == "*" || name == origin));
    if !is_readable {
        return Err(Failure::new(
            Exit::Key,
            "pages of --origin may not read it: its answer needs the header access-control-allow-origin",
        ));
    }
    Ok(answer.body)
}

/// Whether browsers block it (W3C Mixed Content, 4.4). They do not take this machine's own addresses for insecure.
fn is_mixed_content(url: &str, origin: &str) -> bool {
    let is_local = |uri: &Uri| uri.host().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    let is_insecure = url.parse().is_ok_and(|uri: Uri| uri.scheme_str() == Some("http") && !is_local(&uri));
    is_insecure && origin.starts_with("https://")
}

fn is_same_origin(url: &str, origin: &str) -> bool {
    let parts = |text: &str| {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?.to_owned();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some((scheme, uri.host()?.to_ascii_lowercase(), port))
    };
    parts(url).is_some_and(|url| Some(url) == parts(origin))
}

fn fingerprint(args: &Check, key: &KmsPublicKey, report: &mut Report) {
    let own = key.fingerprint();
    if args.fingerprint.is_empty() || args.fingerprint.iter().any(|given| given == own) {
        report.pass("fingerprint", own);
    } else {
        let wrong = format!("this key's is {own}, which is not one of --fingerprint");
        report.fail("fingerprint", Exit::Key, wrong, "put it into the page's code if the key is the right one");
    }
}
