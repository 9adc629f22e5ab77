//! Connections for calls, by http or https.
//!
//! Those of the SDK's own client would set up TLS for each client of a service, and once more for its first call: with every certificate of the
//! system, also where a call goes by http.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_sdk_kms::config::SharedAsyncSleep;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Connector, proxy::ProxyConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::aws::http::Network;
use crate::environment;

/// What all clients of the SDK share.
#[derive(Debug)]
pub struct Client {
    network: Network,
    /// By the time to connect and the time to read.
    connections: Mutex<HashMap<[Option<Duration>; 2], SharedHttpConnector>>,
}

impl Client {
    pub fn new(network: Network) -> Self {
        Self { network, connections: Mutex::default() }
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let times = [settings.connect_timeout(), settings.read_timeout()];
        let new = || Connections::new(self.network.clone(), settings.clone(), components.sleep_impl());
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.entry(times).or_insert_with(|| SharedHttpConnector::new(new())).clone()
    }
}

/// Connections with the same settings.
#[derive(Debug)]
pub struct Connections {
    network: Network,
    settings: HttpConnectorSettings,
    sleep: Option<SharedAsyncSleep>,
    plain: OnceLock<Connector>,
    tls: OnceLock<Connector>,
}

impl Connections {
    /// Sets nothing up yet.
    pub fn new(network: Network, settings: HttpConnectorSettings, sleep: Option<SharedAsyncSleep>) -> Self {
        Self { network, settings, sleep, plain: OnceLock::new(), tls: OnceLock::new() }
    }

    /// For this request. Without TLS where nothing needs it: to read the system's certificates takes longer than all else before a call.
    fn connector(&self, request: &HttpRequest) -> &Connector {
        // A proxy may be reached by https.
        if request.uri().starts_with("http://") && environment::proxies().is_empty() {
            self.plain.get_or_init(|| self.build(&self.network.plain))
        } else {
            self.tls.get_or_init(|| self.build(&self.network.tls))
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
