"""How functions of ministack are replaced, and what the replacements read."""
import json

from ministack.services import kms

error = kms.error_response_json


def replaces(name, module=kms):
    """Has a function called in place of ministack's, which it gets as its first argument."""

    def decorate(function):
        original = getattr(module, name)
        setattr(module, name, lambda *args: function(original, *args))

    return decorate


def parameters(body):
    try:
        data = json.loads(body or b"{}")
    except ValueError:  # ministack says what is wrong.
        return {}
    return data if isinstance(data, dict) else {}
