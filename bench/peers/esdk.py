"""AWS's Python Encryption SDK on one file, in constant memory: python esdk.py open|seal KEY-FILE INPUT OUTPUT READ

KEY-FILE is GetPublicKey's answer with the key as PEM; READ is how many bytes each read asks for, or 0 for the SDK's own loop.
Prints JSON: the seconds that it took, without starting Python, and the peak memory in bytes.
"""

import json
import resource
import sys
import time

import aws_encryption_sdk
import boto3
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsRsaKeyringInput
from aws_encryption_sdk.identifiers import Algorithm

do, key_file, source, target, read = sys.argv[1:]
with open(key_file) as file:
    key = json.load(file)

began = time.perf_counter()
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
keyring = providers.create_aws_kms_rsa_keyring(
    CreateAwsKmsRsaKeyringInput(
        kms_key_id=key["keyId"],
        kms_client=boto3.client("kms"),
        encryption_algorithm="RSAES_OAEP_SHA_256",
        public_key=key["pem"].encode(),
    )
)
settings = {"mode": "d"}
if do == "seal":
    settings = {"mode": "e", "algorithm": Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY, "frame_length": 256 * 1024}
with open(source, "rb") as input_, open(target, "wb") as output:
    with aws_encryption_sdk.EncryptionSDKClient().stream(source=input_, keyring=keyring, **settings) as stream:
        if read == "0":
            for chunk in stream:
                output.write(chunk)
        else:
            while chunk := stream.read(int(read)):
                output.write(chunk)
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
