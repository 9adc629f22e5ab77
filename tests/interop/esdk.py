"""Seals and opens files with AWS's Python Encryption SDK: one JSON request a line on standard input, one JSON answer a line."""

import base64
import json
import logging
import sys

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsEcdhKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawEcdhKeyringInput,
    CreateRawRsaKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
    EphemeralPrivateKeyToStaticPublicKeyInput,
    KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey,
    KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery,
    KmsPrivateKeyToStaticPublicKeyInput,
    KmsPublicKeyDiscoveryInput,
    PublicKeyDiscoveryInput,
    RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey,
    RawEcdhStaticConfigurationsPublicKeyDiscovery,
)
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy

logging.disable()  # the SDK logs a traceback for every message that it refuses

kms = boto3.client("kms")  # endpoint, region and credentials come from the environment
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
sdk = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


def kms_rsa(key):
    settings = CreateAwsKmsRsaKeyringInput(
        kms_key_id=key["keyId"],
        kms_client=kms,
        encryption_algorithm=key["algorithm"],
        public_key=given(key, "publicKey"),
    )
    return providers.create_aws_kms_rsa_keyring(settings)


def kms_ecdh(key):
    """With a public key, the KMS key seals for that; without one, it opens."""
    recipient = given(key, "publicKey")
    if recipient:
        scheme = KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
            KmsPrivateKeyToStaticPublicKeyInput(sender_kms_identifier=key["keyId"], recipient_public_key=recipient)
        )
    else:
        scheme = KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery(
            KmsPublicKeyDiscoveryInput(recipient_kms_identifier=key["keyId"])
        )
    settings = CreateAwsKmsEcdhKeyringInput(curve_spec=key["curve"], key_agreement_scheme=scheme, kms_client=kms)
    return providers.create_aws_kms_ecdh_keyring(settings)


def raw_ecdh(key):
    own = given(key, "privateKey")
    if own:
        scheme = RawEcdhStaticConfigurationsPublicKeyDiscovery(PublicKeyDiscoveryInput(recipient_static_private_key=own))
    else:
        scheme = RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey(
            EphemeralPrivateKeyToStaticPublicKeyInput(recipient_public_key=given(key, "publicKey"))
        )
    settings = CreateRawEcdhKeyringInput(curve_spec=key["curve"], key_agreement_scheme=scheme)
    return providers.create_raw_ecdh_keyring(settings)


def raw_rsa(key):
    settings = CreateRawRsaKeyringInput(
        key_namespace=key["keyNamespace"],
        key_name=key["keyName"],
        padding_scheme=key["padding"],
        public_key=given(key, "publicKey"),
        private_key=given(key, "privateKey"),
    )
    return providers.create_raw_rsa_keyring(settings)


KEYRINGS = {"aws-kms-rsa": kms_rsa, "aws-kms-ecdh": kms_ecdh, "raw-ecdh": raw_ecdh, "raw-rsa": raw_rsa}


def given(key, name):
    """A key's bytes, if the request has them."""
    return base64.b64decode(key[name]) if key.get(name) else None


def keyring(keys):
    """One keyring of all the keys: the first makes the data key, each wraps it, any may unwrap it."""
    rings = [KEYRINGS[key["keyring"]](key) for key in keys]
    if len(rings) == 1:
        return rings[0]
    return providers.create_multi_keyring(CreateMultiKeyringInput(generator=rings[0], child_keyrings=rings[1:]))


def manager(ring, required):
    """A materials manager that leaves the required pairs out of the header."""
    cmm = providers.create_default_cryptographic_materials_manager(
        CreateDefaultCryptographicMaterialsManagerInput(keyring=ring)
    )
    if not required:
        return cmm
    return providers.create_required_encryption_context_cmm(
        CreateRequiredEncryptionContextCMMInput(underlying_cmm=cmm, required_encryption_context_keys=required)
    )


def seal(request):
    message, _ = sdk.encrypt(
        source=request["source"],
        materials_manager=manager(keyring(request["keys"]), request["required"]),
        encryption_context=request["encryptionContext"],
        # The default suite signs, which an RSA keyring of KMS refuses.
        algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        frame_length=request["frameLength"],
    )
    return message, {}


def open_(request):
    plaintext, header = sdk.decrypt(
        source=request["source"],
        materials_manager=manager(keyring(request["keys"]), []),
        encryption_context=request["encryptionContext"],
    )
    return plaintext, {"encryptionContext": header.encryption_context}


def describe(error):
    """Name and message. The SDK wraps the providers' errors, and a keyring lists what went wrong with each data key."""
    while error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    parts = [str(error)] + [describe(part)["message"] for part in getattr(error, "list", [])]
    return {"error": type(error).__name__, "message": "; ".join(parts)}


def answer(request):
    try:
        with open(request["input"], "rb") as file:
            source = file.read()
        output, result = {"seal": seal, "open": open_}[request["do"]]({**request, "source": source})
        with open(request["output"], "wb") as file:
            file.write(output)
        return result
    except Exception as error:  # every failure is an answer
        return describe(error)


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
