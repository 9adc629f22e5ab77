//! Connections for calls, by http or https.
//!
//! Those of the SDK's own client would set up TLS for each client of a service, and once more for its first call: with every certificate of the
//! system, also where a call goes by http.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_sdk_kms::config::SharedAsyncSleep;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, proxy::ProxyConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::environment;
use crate::failure::{Failure, Result};

/// What connections trust.
#[derive(Clone, Debug)]
pub struct Trust {
    tls: TlsContext,
    /// No certificate.
    plain: TlsContext,
}

impl Trust {
    pub fn new(certificates: TrustStore) -> Result<Self> {
        let context = |trusted| TlsContext::builder().with_trust_store(trusted).build();
        let failed = |error| Failure::usage(format!("TLS cannot be set up: {error}"));
        Ok(Self { tls: context(certificates).map_err(failed)?, plain: context(TrustStore::empty()).map_err(failed)? })
    }
}

/// What all clients of the SDK share.
#[derive(Debug)]
pub struct Client {
    trust: Trust,
    /// By the time to connect and the time to read.
    connections: Mutex<HashMap<[Option<Duration>; 2], SharedHttpConnector>>,
}

impl Client {
    pub fn new(trust: Trust) -> Self {
        Self { trust, connections: Mutex::default() }
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let times = [settings.connect_timeout(), settings.read_timeout()];
        let new = || Connections::new(self.trust.clone(), settings.clone(), components.sleep_impl());
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.entry(times).or_insert_with(|| SharedHttpConnector::new(new())).clone()
    }
}

/// Connections with the same settings.
#[derive(Debug)]
pub struct Connections {
    trust: Trust,
    settings: HttpConnectorSettings,
    sleep: Option<SharedAsyncSleep>,
    plain: OnceLock<Connector>,
    tls: OnceLock<Connector>,
}

impl Connections {
    /// Sets nothing up yet.
    pub fn new(trust: Trust, settings: HttpConnectorSettings, sleep: Option<SharedAsyncSleep>) -> Self {
        Self { trust, settings, sleep, plain: OnceLock::new(), tls: OnceLock::new() }
    }

    /// For this request. Without TLS where nothing needs it: to read the system's certificates takes longer than all else before a call.
    fn connector(&self, request: &HttpRequest) -> &Connector {
        // A proxy may be reached by https.
        if request.uri().starts_with("http://") && environment::proxies().is_empty() {
            self.plain.get_or_init(|| self.build(&self.trust.plain))
        } else {
            self.tls.get_or_init(|| self.build(&self.trust.tls))
        }
    }

    fn build(&self, tls: &TlsContext) -> Connector {
        let mut builder = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(tls.clone())
            .connector_settings(self.settings.clone());
        builder.set_sleep_impl(self.sleep.clone());
        builder.build()
    }
}

impl HttpConnector for Connections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.connector(&request).call(request)
    }
}
