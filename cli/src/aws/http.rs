//! HTTP as a company's network wants it: through its proxy, and with its own certificates.

use std::env;
use std::fs;
use std::time::Duration;

use aws_sdk_kms::config::SharedHttpClient;
use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use base64ct::{Base64, Encoding};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use crate::aws::connections::{Client, Connections, Trust};
use crate::aws::errors::{root, unreached};
use crate::failure::{Failure, Result};

/// Time to connect.
pub const CONNECT: Duration = Duration::from_secs(5);
/// Longer than KMS ever takes. Each of the SDK's attempts has this time.
pub const ATTEMPT: Duration = Duration::from_secs(20);
/// Maximum bytes of an answer outside the SDK: a key's file, or a bucket's settings.
const LONGEST_LEN: usize = 1024 * 1024;

/// How to reach AWS.
#[derive(Clone, Debug)]
pub struct Network {
    trust: Trust,
}

impl Network {
    /// `bundle` is the file of certificates that the AWS configuration names, and the setting that names it. As in the AWS CLI
    /// they replace the system's own.
    pub fn new(bundle: Option<(String, &str)>) -> Result<Self> {
        check_proxies()?;
        let trusted = match bundle {
            Some((path, name)) => certificates(&path).map_err(|why| {
                Failure::usage(format!("{name} is {path:?}, {why}; name a file of certificates in PEM, or unset it"))
            })?,
            None => TrustStore::default(),
        };
        Ok(Self { trust: Trust::new(trusted)? })
    }

    /// A client for the AWS SDK. It obeys HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; the SDK's default client does not.
    pub fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Client::new(self.trust.clone()))
    }

    /// Sends one request outside the SDK. Fails with a sentence if no answer comes; any status is an answer.
    pub async fn send(&self, request: http::Request<SdkBody>) -> std::result::Result<Answer, String> {
        let connections = Connections::new(self.trust.clone(), HttpConnectorSettings::default(), None);
        let request = HttpRequest::try_from(request).map_err(|error| error.to_string())?;
        let exchange = async {
            let answer = connections.call(request).await.map_err(|error| unreached(&error))?;
            let status = answer.status().as_u16();
            let headers = answer.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let mut body = Vec::new();
            let mut stream = ByteStream::new(answer.into_body());
            while let Some(bytes) = stream.try_next().await.map_err(|error| root(&error))? {
                body.extend_from_slice(&bytes);
                if body.len() > LONGEST_LEN {
                    return Err(format!("the answer is longer than {LONGEST_LEN} bytes"));
                }
            }
            Ok(Answer { status, headers, body })
        };
        let timed = tokio::time::timeout(ATTEMPT, exchange).await;
        timed.unwrap_or_else(|_| Err(format!("no answer within {} s", ATTEMPT.as_secs())))
    }
}

/// Refuses what the client would take for no proxy, and go past it. The value is not shown, since a password may be in it.
fn check_proxies() -> Result<()> {
    let first = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, env::var(name).ok()?)));
    // AWS is reached by https. Often ALL_PROXY names a proxy of another kind for other programs, and HTTPS_PROXY hides it.
    let https = first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]);
    for (name, value) in https.into_iter().chain(first(&["HTTP_PROXY", "http_proxy"])) {
        let proxy = value.parse::<http::Uri>().ok().filter(|uri| uri.authority().is_some());
        if !proxy.is_some_and(|uri| matches!(uri.scheme_str(), None | Some("http" | "https"))) {
            let what =
                "is not the address of an HTTP proxy, such as http://proxy.example.com:3128; correct it, or unset it";
            return Err(Failure::usage(format!("{name} {what}")));
        }
    }
    Ok(())
}

/// What came back.
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header by its lower-case name. One that comes several times is a list (Fetch, "get"): browsers let no page read an answer that allows
    /// its origin twice.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// The usable certificates of a file; the client would panic over any other. A bundle may also hold old ones, which current TLS
/// libraries cannot read and no server uses.
fn certificates(path: &str) -> std::result::Result<TrustStore, String> {
    let bytes = fs::read(path).map_err(|error| format!("which cannot be read ({})", error))?;
    let found: std::result::Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| format!("which is not PEM ({error})"))?;
    let usable: Vec<_> = found.into_iter().filter(|der| RootCertStore::empty().add(der.clone()).is_ok()).collect();
    if usable.is_empty() {
        return Err("which holds no certificate".to_owned());
    }
    let mut trusted = TrustStore::empty();
    for der in usable {
        let base64 = Base64::encode_string(&der);
        trusted.add_pem_certificate(format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n"));
    }
    Ok(trusted)
}
