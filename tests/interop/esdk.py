"""Seals and opens files with AWS's Python Encryption SDK: one JSON request a line on standard input, one JSON answer a line."""

import json
import logging
import sys

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsRsaKeyringInput,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
)
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy

logging.disable()  # the SDK logs a traceback for every message that it refuses

kms = boto3.client("kms")  # endpoint, region and credentials come from the environment
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
sdk = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


def keyring(keys):
    """One keyring of all the keys: the first makes the data key, each wraps it, any may unwrap it."""
    rings = []
    for key in keys:
        pem = key.get("pem")
        settings = CreateAwsKmsRsaKeyringInput(
            kms_key_id=key["keyId"],
            kms_client=kms,
            encryption_algorithm=key["algorithm"],
            public_key=pem.encode() if pem else None,
        )
        rings.append(providers.create_aws_kms_rsa_keyring(settings))
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
        # The default suite signs, which an RSA keyring refuses.
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
