"""Starts the emulator ministack with what AWS KMS has beyond it: key agreement, ML-KEM keys, DryRun, condition keys.

It follows AWS's service model, and answers that AWS gave. It logs neither keys nor secrets. It replaces functions of
ministack, whose version tools/requirements/emulator.txt pins; without one of them it does not start. With a socket's path and a
file of RSA keys as its arguments it is a nursery.
"""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # forks.py is there.

import conditions  # noqa: F401  These three replace functions when they are imported.
import keys  # noqa: F401
import operations  # noqa: F401
from ministack.app import main
from nursery import nurse
from stock import stock

if len(sys.argv) > 1:
    _, path, keys = sys.argv
    del sys.argv[1:]
    stock(Path(keys).read_bytes())
    nurse(path)
main()
