//! Seals and opens files with AWS's Rust Encryption SDK: one JSON request a line on standard input, one JSON answer a line.
//! The same requests as esdk.py takes.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead};
use std::time::Instant;

use aws_esdk::aws_cryptography_primitives::types::EcdhCurveSpec;
use aws_esdk::client as esdk_client;
use aws_esdk::material_providers::client as mpl_client;
use aws_esdk::material_providers::types::cryptographic_materials_manager::CryptographicMaterialsManagerRef;
use aws_esdk::material_providers::types::keyring::KeyringRef;
use aws_esdk::material_providers::types::material_providers_config::MaterialProvidersConfig;
use aws_esdk::material_providers::types::{
    EphemeralPrivateKeyToStaticPublicKeyInput, EsdkAlgorithmSuiteId, KmsEcdhStaticConfigurations,
    KmsPrivateKeyToStaticPublicKeyInput, KmsPublicKeyDiscoveryInput, PaddingScheme, PublicKeyDiscoveryInput,
    RawEcdhStaticConfigurations,
};
use aws_esdk::types::aws_encryption_sdk_config::AwsEncryptionSdkConfig;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use aws_smithy_types::Blob;
use aws_smithy_types::base64;
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
    keyring: String,
    #[serde(default)]
    key_id: String,
    #[serde(default)]
    algorithm: String,
    #[serde(default)]
    curve: String,
    #[serde(default)]
    key_namespace: String,
    #[serde(default)]
    key_name: String,
    #[serde(default)]
    padding: String,
    public_key: Option<String>,
    private_key: Option<String>,
}

impl Key {
    fn public_key(&self) -> Result<Option<Blob>> {
        Ok(self.public_key.as_ref().map(base64::decode).transpose()?.map(Blob::new))
    }

    fn private_key(&self) -> Result<Option<Blob>> {
        Ok(self.private_key.as_ref().map(base64::decode).transpose()?.map(Blob::new))
    }

    fn curve(&self) -> Result<EcdhCurveSpec> {
        let curves = [EcdhCurveSpec::EccNistP256, EcdhCurveSpec::EccNistP384, EcdhCurveSpec::EccNistP521];
        curves.into_iter().find(|curve| curve.to_string() == self.curve).ok_or_else(|| "no such curve".into())
    }

    fn padding(&self) -> Result<PaddingScheme> {
        Ok(match self.padding.as_str() {
            "OAEP_SHA1_MGF1" => PaddingScheme::OaepSha1Mgf1,
            "OAEP_SHA256_MGF1" => PaddingScheme::OaepSha256Mgf1,
            "OAEP_SHA384_MGF1" => PaddingScheme::OaepSha384Mgf1,
            "OAEP_SHA512_MGF1" => PaddingScheme::OaepSha512Mgf1,
            _ => return Err("no such padding".into()),
        })
    }

    /// With a public key, the KMS key seals for that; without one, it opens.
    fn kms_ecdh(&self) -> Result<KmsEcdhStaticConfigurations> {
        Ok(match self.public_key()? {
            Some(key) => KmsEcdhStaticConfigurations::KmsPrivateKeyToStaticPublicKey(
                KmsPrivateKeyToStaticPublicKeyInput::builder()
                    .sender_kms_identifier(&self.key_id)
                    .recipient_public_key(key)
                    .build()?,
            ),
            None => KmsEcdhStaticConfigurations::KmsPublicKeyDiscovery(
                KmsPublicKeyDiscoveryInput::builder().recipient_kms_identifier(&self.key_id).build()?,
            ),
        })
    }

    fn raw_ecdh(&self) -> Result<RawEcdhStaticConfigurations> {
        Ok(match self.private_key()? {
            Some(own) => RawEcdhStaticConfigurations::PublicKeyDiscovery(
                PublicKeyDiscoveryInput::builder().recipient_static_private_key(own).build()?,
            ),
            None => RawEcdhStaticConfigurations::EphemeralPrivateKeyToStaticPublicKey(
                EphemeralPrivateKeyToStaticPublicKeyInput::builder()
                    .recipient_public_key(self.public_key()?.unwrap_or_default())
                    .build()?,
            ),
        })
    }
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
        let (done, context) = match request.r#do.as_str() {
            "seal" => (self.seal(request, source).await?, None),
            _ => self.open(request, source).await?,
        };
        let seconds = begun.elapsed().as_secs_f64();
        fs::write(&request.output, done)?;
        Ok(json!({ "seconds": seconds, "encryptionContext": context }))
    }

    async fn seal(&self, request: &Request, source: Vec<u8>) -> Result<Blob> {
        let call = self.esdk.encrypt().plaintext(Blob::new(source)).materials_manager(self.manager(request).await?);
        let call = call.encryption_context(request.encryption_context.clone());
        // The default suite signs, which an RSA keyring of KMS refuses.
        let call = call.algorithm_suite_id(EsdkAlgorithmSuiteId::AlgAes256GcmHkdfSha512CommitKey);
        let sealed = call.set_frame_length(request.frame_length).send().await?;
        sealed.ciphertext.ok_or_else(|| "no ciphertext".into())
    }

    async fn open(&self, request: &Request, source: Vec<u8>) -> Result<(Blob, Option<HashMap<String, String>>)> {
        let call = self.esdk.decrypt().ciphertext(Blob::new(source)).materials_manager(self.manager(request).await?);
        let opened = call.encryption_context(request.encryption_context.clone()).send().await?;
        Ok((opened.plaintext.ok_or("no plaintext")?, opened.encryption_context))
    }

    async fn keyring(&self, key: &Key) -> Result<KeyringRef> {
        Ok(match key.keyring.as_str() {
            "aws-kms-rsa" => {
                let create =
                    self.providers.create_aws_kms_rsa_keyring().kms_key_id(&key.key_id).kms_client(self.kms.clone());
                let create = create.set_public_key(key.public_key()?);
                let algorithm = EncryptionAlgorithmSpec::from(key.algorithm.as_str());
                create.encryption_algorithm(algorithm).send().await?
            }
            "aws-kms-ecdh" => {
                let create = self.providers.create_aws_kms_ecdh_keyring().kms_client(self.kms.clone());
                create.curve_spec(key.curve()?).key_agreement_scheme(key.kms_ecdh()?).send().await?
            }
            "raw-ecdh" => {
                let create = self.providers.create_raw_ecdh_keyring().curve_spec(key.curve()?);
                create.key_agreement_scheme(key.raw_ecdh()?).send().await?
            }
            "raw-rsa" => {
                let create = self.providers.create_raw_rsa_keyring().padding_scheme(key.padding()?);
                let create = create.key_namespace(&key.key_namespace).key_name(&key.key_name);
                let create = create.set_public_key(key.public_key()?).set_private_key(key.private_key()?);
                create.send().await?
            }
            other => return Err(format!("no keyring {other}").into()),
        })
    }

    /// One keyring of all the keys, and a manager that leaves the required pairs out of the header.
    async fn manager(&self, request: &Request) -> Result<CryptographicMaterialsManagerRef> {
        let mut keyrings: Vec<KeyringRef> = Vec::new();
        for key in &request.keys {
            keyrings.push(self.keyring(key).await?);
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
