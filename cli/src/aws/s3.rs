//! A bucket's settings, by signed requests: for these few, aws-sdk-s3 would make a build take half as long again.

use std::rc::Rc;
use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_kms::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::body::SdkBody;
use http::{Request, Uri};
use quick_xml::de::from_reader;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::aws::errors::no_credentials;
use crate::aws::http::Answer;
use crate::aws::region;
use crate::aws::session::Session;

/// One bucket.
pub struct Bucket {
    session: Rc<Session>,
    name: String,
    /// The region it is assumed to be in.
    region: String,
}

/// What S3 answers in place of a setting.
pub enum Refusal {
    /// The bucket has no such setting.
    None,
    /// The error's code, and a sentence with what S3 said.
    Code(String, String),
    /// No answer came, or not one of S3.
    Failed(String),
}

/// GetBucketVersioning.
#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub struct Versioning {
    pub status: Option<String>,
}

/// GetBucketLifecycleConfiguration.
#[derive(Deserialize, Debug, Default, PartialEq)]
pub struct Lifecycle {
    #[serde(rename = "Rule", default)]
    pub rules: Vec<Rule>,
}

/// One of its rules.
#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    pub status: String,
    #[serde(rename = "AbortIncompleteMultipartUpload")]
    pub abort: Option<Abort>,
    filter: Option<Filter>,
    /// Where old rules have the prefix.
    prefix: Option<String>,
}

/// Which objects a rule is for.
#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    prefix: Option<String>,
    and: Option<Box<Filter>>,
}

impl Rule {
    /// What the keys begin with that it is for; empty for all of them.
    pub fn prefix(&self) -> &str {
        let filter = self.filter.as_ref();
        let of_filter = filter.and_then(|filter| filter.and.as_deref().unwrap_or(filter).prefix.as_deref());
        of_filter.or(self.prefix.as_deref()).unwrap_or_default()
    }
}

/// When unfinished uploads are aborted.
#[derive(Deserialize, Debug, Default, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub struct Abort {
    pub days_after_initiation: u32,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Error {
    code: String,
    message: String,
}

impl Bucket {
    /// `near` is the region to ask first when none is configured.
    pub fn new(session: &Rc<Session>, name: &str, near: &str) -> Self {
        let region = session.configured_region().unwrap_or(near).to_owned();
        Self { session: Rc::clone(session), name: name.to_owned(), region }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What to add to a failure; see [`Session::left_behind`].
    pub fn left_behind(&self) -> String {
        self.session.left_behind("S3")
    }

    /// Whether old versions are kept.
    pub fn versioning(&mut self) -> Result<Versioning, Refusal> {
        self.setting("versioning")
    }

    /// Which rules remove what.
    pub fn lifecycle(&mut self) -> Result<Lifecycle, Refusal> {
        self.setting("lifecycle")
    }

    /// Sends what a browser sends before a PUT (Fetch, "CORS-preflight fetch"). It needs no credentials, and S3 itself applies
    /// the rules.
    pub fn preflight(&mut self, origin: &str, headers: &str) -> Result<Answer, String> {
        let Session { network, .. } = &*self.session;
        self.session.block_on(async {
            let request = Request::options(format!("{}/{}/x", self.endpoint().await?, self.name))
                .header("origin", origin)
                .header("access-control-request-method", "PUT")
                .header("access-control-request-headers", headers)
                .body(SdkBody::empty());
            network.send(request.map_err(|error| error.to_string())?).await
        })
    }

    fn setting<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Refusal> {
        let mut answer = self.ask(name).map_err(Refusal::Failed)?;
        // S3 names the bucket's region in its answer (S3 API, "Common Response Headers").
        let elsewhere = answer.header("x-amz-bucket-region").and_then(|region| region::parse(&region).ok());
        if let Some(region) = elsewhere.filter(|region| answer.status != 200 && *region != self.region) {
            self.region = region;
            answer = self.ask(name).map_err(Refusal::Failed)?;
        }
        if answer.status == 200 {
            return from_reader(&*answer.body)
                .map_err(|_| Refusal::Failed(format!("S3's answer does not have the {name}")));
        }
        let error: Error = from_reader(&*answer.body).unwrap_or_default();
        match error.code.as_str() {
            "" => Err(Refusal::Failed(format!("S3 answered with status {}", answer.status))),
            "NoSuchLifecycleConfiguration" => Err(Refusal::None),
            _ => Err(Refusal::Code(error.code.clone(), format!("{}: {}", error.code, error.message))),
        }
    }

    fn ask(&self, setting: &str) -> Result<Answer, String> {
        let Session { config, network, .. } = &*self.session;
        self.session.block_on(async {
            let uri = format!("{}/{}?{setting}", self.endpoint().await?, self.name);
            let provider = config.credentials_provider().ok_or("no AWS credentials")?;
            let credentials = provider.provide_credentials().await.map_err(|error| no_credentials(&error))?;
            let identity = credentials.into();
            let mut settings = SigningSettings::default();
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            let params = v4::SigningParams::builder()
                .identity(&identity)
                .region(&self.region)
                .name("s3")
                .time(SystemTime::now())
                .settings(settings)
                .build()
                .map_err(|error| error.to_string())?
                .into();
            let signable = SignableRequest::new("GET", &uri, std::iter::empty(), SignableBody::Bytes(&[]));
            let signed = signable.and_then(|signable| sign(signable, &params)).map_err(|error| error.to_string())?;
            let mut request = Request::get(&uri).body(SdkBody::empty()).map_err(|error| error.to_string())?;
            signed.into_parts().0.apply_to_request_http1x(&mut request);
            network.send(request).await
        })
    }

    /// The configured endpoint of S3, or else AWS's own. The path names the bucket: a name may hold dots, and emulators have no
    /// subdomains.
    async fn endpoint(&self) -> Result<String, String> {
        if let Some(url) = self.session.configured_endpoint("S3") {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        // The SDK knows the domain of each region. Those of KMS and S3 differ only in the service's name.
        let params = Params::builder().region(self.region.as_str()).build().map_err(|error| error.to_string())?;
        let kms = DefaultResolver::new().resolve_endpoint(&params).await.map_err(|error| error.to_string())?;
        let host = kms.url().parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned));
        let domain = host.as_deref().and_then(|host| host.strip_prefix("kms."));
        domain
            .map(|domain| format!("https://s3.{domain}"))
            .ok_or_else(|| format!("S3 has no endpoint in {}", self.region))
    }
}
