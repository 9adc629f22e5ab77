"""DeriveSharedSecret, Encapsulate and Decapsulate, DryRun, and what AWS refuses of Encrypt and Decrypt."""
import base64

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from keys import AGREE, ALGORITHMS, ENCAPSULATE, ENCRYPT
from ministack.services import kms
from replacing import error, parameters, replaces


def key_for(usage, operation, data):
    """The record of the key that a request names, or None and why AWS refuses the request."""
    if usage in ALGORITHMS:
        field, algorithm = ALGORITHMS[usage]
        given, name = data.get(field[:-1]), field[0].lower() + field[1:-1]
        if given != algorithm:
            failed = f"1 validation error detected: Value {given or 'null'} at '{name}' failed to satisfy constraint"
            return None, error("ValidationException", f"{failed}: Member must satisfy enum value set: [{algorithm}]")
    rec = kms._resolve_key(data.get("KeyId", ""))
    if not rec:
        return None, error("NotFoundException", f"Key {data.get('KeyId', '')} not found")
    refusal = kms._check_key_state(rec)
    if not refusal and rec["KeyUsage"] != usage:
        wrong = f"{rec['Arn']} key usage is {rec['KeyUsage']} which is not valid for {operation}."
        refusal = error("InvalidKeyUsageException", wrong)
    return (None, refusal) if refusal else (rec, None)


def derive_shared_secret(data):
    rec, refusal = key_for(AGREE, "DeriveSharedSecret", data)
    if refusal:
        return refusal
    der, refusal = kms._decode_blob(data.get("PublicKey", ""), "publicKey", 8192)
    if refusal:
        return refusal
    try:
        public_key = serialization.load_der_public_key(der)
        if not isinstance(public_key, ec.EllipticCurvePublicKey):
            return error("ValidationException", "")
        secret = rec["_private_key"].exchange(ec.ECDH(), public_key)
    except (ValueError, UnsupportedAlgorithm):  # broken, no point of its curve, or of another curve
        return error("ValidationException", "")
    return kms.json_response({
        "KeyId": rec["Arn"],
        "SharedSecret": base64.b64encode(secret).decode(),
        "KeyAgreementAlgorithm": "ECDH",
        "KeyOrigin": rec["Origin"],
    })


def encapsulate(data):
    rec, refusal = key_for(ENCAPSULATE, "Encapsulate", data)
    if refusal:
        return refusal
    secret, ciphertext = rec["_private_key"].public_key().encapsulate()
    return kms.json_response({
        "KeyId": rec["Arn"],
        "SharedSecret": base64.b64encode(secret).decode(),
        "SharedSecretCiphertextBlob": base64.b64encode(ciphertext).decode(),
        "EncapsulationAlgorithm": "ML_KEM",
    })


def decapsulate(data):
    rec, refusal = key_for(ENCAPSULATE, "Decapsulate", data)
    if refusal:
        return refusal
    blob = data.get("SharedSecretCiphertextBlob", "")
    ciphertext, refusal = kms._decode_blob(blob, "sharedSecretCiphertextBlob", 6144)
    if refusal:
        return refusal
    try:
        secret = rec["_private_key"].decapsulate(ciphertext)
    except ValueError:  # The length alone: anything else gives another secret (FIPS 203, implicit rejection).
        return error("InvalidCiphertextException", "")
    return kms.json_response({
        "KeyId": rec["Arn"],
        "SharedSecret": base64.b64encode(secret).decode(),
        "EncapsulationAlgorithm": "ML_KEM",
    })


def refused(operation, data):
    """Why AWS does not use an asymmetric key to encrypt or decrypt, where ministack answers otherwise; or None."""
    rec = kms._resolve_key(data.get("KeyId", ""))
    if not rec or not kms._is_asymmetric(rec):
        return None
    if data.get("EncryptionContext"):
        only = "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs."
        return error("ValidationException", only)
    return key_for(ENCRYPT, operation, data)[1]


@replaces("_decrypt")
def decrypt(original, data):
    if not data.get("KeyId") and data.get("EncryptionAlgorithm", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        return error("ValidationException", "KeyId must not be null")
    return refused("Decrypt", data) or original(data)


@replaces("_encrypt")
def encrypt(original, data):
    refusal = refused("Encrypt", data)
    rec, algorithm = kms._resolve_key(data.get("KeyId", "")), data.get("EncryptionAlgorithm")
    if not refusal and rec and rec["KeySpec"].startswith("RSA") and algorithm in rec["EncryptionAlgorithms"]:
        most = rec["_private_key"].key_size // 8 - 2 * (20 if algorithm.endswith("SHA_1") else 32) - 2
        if len(base64.b64decode(data["Plaintext"])) > most:
            by = f"Algorithm {algorithm} and key spec {rec['KeySpec']}"
            return error("ValidationException", f"{by} cannot encrypt data larger than {most} bytes.")
    return refusal or original(data)


OPERATIONS = {"DeriveSharedSecret": derive_shared_secret, "Encapsulate": encapsulate, "Decapsulate": decapsulate}
PAIR = {f"GenerateDataKey{pair}{without}" for pair in ("", "Pair") for without in ("", "WithoutPlaintext")}
DRY_RUN = {*OPERATIONS, *PAIR, "Decrypt", "Encrypt", "Sign", "Verify"}


@replaces("handle_request")
async def handle_request(original, method, path, headers, body, query_params):
    operation, data = headers.get("x-amz-target", "").rpartition(".")[2], parameters(body)
    perform = OPERATIONS.get(operation)
    answer = perform(data) if perform else await original(method, path, headers, body, query_params)
    if answer[0] == 200 and data.get("DryRun") and operation in DRY_RUN:
        return error("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    return answer
