//! Seals and opens files with AWS's Rust Encryption SDK: one JSON request a line on standard input, one JSON answer a line.
//! The same requests as esdk.py takes.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead};
use std::time::Instant;

use aws_esdk::client as esdk_client;
use aws_esdk::material_providers::client as mpl_client;
use aws_esdk::material_providers::types::EsdkAlgorithmSuiteId;
use aws_esdk::material_providers::types::cryptographic_materials_manager::CryptographicMaterialsManagerRef;
use aws_esdk::material_providers::types::keyring::KeyringRef;
use aws_esdk::material_providers::types::material_providers_config::MaterialProvidersConfig;
use aws_esdk::types::aws_encryption_sdk_config::AwsEncryptionSdkConfig;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use aws_smithy_types::Blob;
use serde::Deserialize;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    r#do: String,
    keys: Vec<Key>,
    encryption_context: HashMap<String, String>,
    #[serde(default)]
    required: Vec<String>,
    frame_length: Option<i64>,
    input: String,
    output: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    key_id: String,
    pem: Option<String>,
    algorithm: String,
}

struct Sdk {
    kms: aws_sdk_kms::Client,
    providers: mpl_client::Client,
    esdk: esdk_client::Client,
}

#[tokio::main]
async fn main() -> Result<()> {
    // Endpoint, region and credentials come from the environment.
    let config = aws_config::load_from_env().await;
    let sdk = Sdk {
        kms: aws_sdk_kms::Client::new(&config),
        providers: mpl_client::Client::from_conf(MaterialProvidersConfig::builder().build()?)?,
        esdk: esdk_client::Client::from_conf(AwsEncryptionSdkConfig::builder().build()?)?,
    };
    for line in io::stdin().lock().lines() {
        let answer = sdk.answer(&serde_json::from_str(&line?)?).await;
        println!("{}", answer.unwrap_or_else(|error| json!({ "error": "Error", "message": error.to_string() })));
    }
    Ok(())
}

impl Sdk {
    async fn answer(&self, request: &Request) -> Result<Value> {
        let source = fs::read(&request.input)?;
        let begun = Instant::now();
        let done = match request.r#do.as_str() {
            "seal" => self.seal(request, source).await?,
            _ => self.open(request, source).await?,
        };
        let seconds = begun.elapsed().as_secs_f64();
        fs::write(&request.output, done)?;
        Ok(json!({ "seconds": seconds }))
    }

    async fn seal(&self, request: &Request, source: Vec<u8>) -> Result<Blob> {
        let call = self.esdk.encrypt().plaintext(Blob::new(source)).materials_manager(self.manager(request).await?);
        let call = call.encryption_context(request.encryption_context.clone());
        // The default suite signs, which an RSA keyring refuses.
        let call = call.algorithm_suite_id(EsdkAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKey);
        let sealed = call.set_frame_length(request.frame_length).send().await?;
        sealed.ciphertext.ok_or_else(|| "no ciphertext".into())
    }

    async fn open(&self, request: &Request, source: Vec<u8>) -> Result<Blob> {
        let call = self.esdk.decrypt().ciphertext(Blob::new(source)).materials_manager(self.manager(request).await?);
        let opened = call.encryption_context(request.encryption_context.clone()).send().await?;
        opened.plaintext.ok_or_else(|| "no plaintext".into())
    }

    /// One keyring of all the keys, and a manager that leaves the required pairs out of the header.
    async fn manager(&self, request: &Request) -> Result<CryptographicMaterialsManagerRef> {
        let mut keyrings: Vec<KeyringRef> = Vec::new();
        for key in &request.keys {
            let create =
                self.providers.create_aws_kms_rsa_keyring().kms_key_id(&key.key_id).kms_client(self.kms.clone());
            let create = create.set_public_key(key.pem.clone().map(Blob::new));
            let algorithm = EncryptionAlgorithmSpec::from(key.algorithm.as_str());
            keyrings.push(create.encryption_algorithm(algorithm).send().await?);
        }
        let first = keyrings.remove(0);
        let all = self.providers.create_multi_keyring().generator(first).child_keyrings(keyrings).send().await?;
        let manager = self.providers.create_default_cryptographic_materials_manager().keyring(all).send().await?;
        if request.required.is_empty() {
            return Ok(manager);
        }
        let create = self.providers.create_required_encryption_context_cmm().underlying_cmm(manager);
        Ok(create.required_encryption_context_keys(request.required.clone()).send().await?)
    }
}
