"""Keys of usage KEY_AGREEMENT and ENCAPSULATE_DECAPSULATE, and what AWS says of every key."""
import json

from cryptography.hazmat.primitives.asymmetric import mlkem
from kyber_py.ml_kem import ML_KEM_512
from ministack.services import kms
from replacing import error, replaces

ENCRYPT, SIGN, AGREE, ENCAPSULATE = "ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"
USAGES = {
    "SYMMETRIC_DEFAULT": {ENCRYPT},
    **dict.fromkeys(("RSA_2048", "RSA_3072", "RSA_4096"), {ENCRYPT, SIGN}),
    **dict.fromkeys(("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"), {SIGN, AGREE}),
    **dict.fromkeys(("ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"), {SIGN}),
    **dict.fromkeys(("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"), {ENCAPSULATE}),
}
# What ministack does not know, by usage: the field of a key, and the only algorithm in it.
ALGORITHMS = {AGREE: ("KeyAgreementAlgorithms", "ECDH"), ENCAPSULATE: ("EncapsulationAlgorithms", "ML_KEM")}
FIELDS = ("EncryptionAlgorithms", "SigningAlgorithms", *(field for field, _ in ALGORITHMS.values()))

kms._KEY_MATERIAL_FIELDS += FIELDS[2:]  # ReplicateKey copies them.
kms._GRANT_OPERATIONS |= {"Encapsulate", "Decapsulate"}


class MlKem512:
    """A private key of the parameter set that `cryptography` lacks, like its keys. PERSIST_STATE does not keep it."""

    # SubjectPublicKeyInfo up to the key's 800 bytes: id-alg-ml-kem-512 (RFC 9935, section 3), without parameters
    SPKI = bytes.fromhex("30820332 300b0609608648016503040401 0382032100")

    def __init__(self):
        self.public, self.private = ML_KEM_512.keygen()

    def public_key(self):
        return self

    def public_bytes(self, *_):
        return self.SPKI + self.public

    def encapsulate(self):
        return ML_KEM_512.encaps(self.public)

    def decapsulate(self, ciphertext):
        return ML_KEM_512.decaps(self.private, ciphertext)


ML_KEM = {
    "ML_KEM_512": MlKem512,
    "ML_KEM_768": mlkem.MLKEM768PrivateKey.generate,
    "ML_KEM_1024": mlkem.MLKEM1024PrivateKey.generate,
}


@replaces("_create_key")
def create_key(original, data):
    spec = data.get("KeySpec", data.get("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"))
    usage = data.get("KeyUsage", ENCRYPT if spec == "SYMMETRIC_DEFAULT" else None)
    if not usage:
        message = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        return error("ValidationException", message)
    if usage not in USAGES.get(spec, {usage}):
        return error("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}.")
    if spec in ML_KEM and data.get("Origin", "AWS_KMS") != "AWS_KMS":
        return error("UnsupportedOperationException", f"This emulator imports no material of {spec}.")
    # ministack makes the record of a curve's key, which becomes that of an ML-KEM key.
    answer = original({**data, "KeySpec": "ECC_NIST_P256"} if spec in ML_KEM else data)
    if answer[0] != 200 or usage not in ALGORITHMS:
        return answer
    rec = kms._resolve_key(json.loads(answer[2])["KeyMetadata"]["KeyId"])
    field, algorithm = ALGORITHMS[usage]
    rec.update({"KeySpec": spec, field: [algorithm], "SigningAlgorithms": []})
    if spec in ML_KEM:
        kms._set_asymmetric_material(rec, ML_KEM[spec]())
    return kms.json_response({"KeyMetadata": kms._key_metadata(rec)})


def with_algorithms(rec, fields):
    """A key's fields with the algorithms of its usage alone, as AWS lists them."""
    return {k: v for k, v in fields.items() if k not in FIELDS} | {k: rec[k] for k in FIELDS if rec.get(k)}


@replaces("_key_metadata")
def key_metadata(original, rec):
    return with_algorithms(rec, original(rec))


@replaces("_get_public_key")
def get_public_key(original, data):
    answer = original(data)
    if answer[0] != 200:
        return answer
    rec = kms._resolve_key(data["KeyId"])
    if rec["KeyState"] == "PendingDeletion":  # AWS gives the public key of a disabled key.
        return kms._check_key_state(rec)
    fields = {**json.loads(answer[2]), "CustomerMasterKeySpec": rec["KeySpec"]}
    return kms.json_response(with_algorithms(rec, fields))


@replaces("_create_grant")
def create_grant(original, data):
    rec = kms._grant_key(data.get("KeyId", ""))
    if rec and rec["KeySpec"] != "SYMMETRIC_DEFAULT" and data.get("Constraints"):
        only = "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key."
        return error("ValidationException", only)
    return original(data)
