"""With AUTH=true: KMS's condition keys, and calls by an alias."""
from ministack.core import iam_actions
from ministack.services import kms
from replacing import parameters, replaces


@replaces("extract_resource_arn", iam_actions)
def resource_arn(original, service, *request):
    """A call by an alias is authorized as one of its key."""
    arn = original(service, *request)
    rec = service == "kms" and ":alias/" in arn and kms._resolve_key(arn)
    return rec["Arn"] if rec else arn


@replaces("request_tag_context", iam_actions)
def condition_keys(original, service, action, body, params):
    """The condition keys of a call. None stands for an absent one. No condition key is known for ML-KEM's algorithm."""
    context = original(service, action, body, params)
    if service != "kms":
        return context
    data = parameters(body)
    key_id, rec = data.get("KeyId", ""), kms._resolve_key(data.get("KeyId", ""))
    of_key = rec or {"Origin": "AWS_KMS", **data} if action == "kms:CreateKey" else rec or {}
    default = "SYMMETRIC_DEFAULT" if action in ("kms:Encrypt", "kms:Decrypt") else None
    aliases = [arn.split(":", 5)[5] for arn, target in kms._aliases.items() if rec and target == rec["KeyId"]]
    return {
        **context,
        "kms:EncryptionAlgorithm": data.get("EncryptionAlgorithm", default),
        "kms:KeyAgreementAlgorithm": data.get("KeyAgreementAlgorithm"),
        "kms:SigningAlgorithm": data.get("SigningAlgorithm"),
        "kms:KeySpec": of_key.get("KeySpec"),
        "kms:KeyUsage": of_key.get("KeyUsage"),
        "kms:KeyOrigin": of_key.get("Origin"),
        "kms:RequestAlias": key_id[key_id.index("alias/"):] if "alias/" in key_id else None,
        "kms:ResourceAliases": aliases or None,
    }
