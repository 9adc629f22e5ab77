"""Emulators that are there at once: a process that has imported everything forks one whenever it is asked.

A test run starts some two hundred, and each by itself would import for longer than it works. A forked one shares no state with
others. The test that connects to the socket says its port, and reads its output. It ends with the connection.
"""
import importlib
import os
import threading

from forks import forked
from ministack.core import responses

# What ministack imports once it starts or is asked something. CloudFormation's provisioners import all other services.
LATER = ("hypercorn.asyncio", *(f"ministack.services.{name}" for name in ("cloudformation", "cloudtrail", "scheduler", "sts")))
# The services whose models by AWS it reads: they tell the media types of answers.
MODELS = ("cloudformation", "cloudtrail", "iam", "kms", "s3", "sts")


def nurse(path):
    """Listens on a socket, and returns in each forked process, whose port is in its environment."""
    for name in LATER:
        importlib.import_module(name)
    for name in MODELS:
        responses._service_model(name)
    asker = forked(path)
    os.environ["GATEWAY_PORT"] = asker.recv(16).decode()
    for output in (1, 2):
        os.dup2(asker.fileno(), output)
    threading.Thread(target=end_with, args=[asker], daemon=True).start()


def end_with(asker):
    asker.recv(1)
    os._exit(0)
