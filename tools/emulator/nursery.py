"""Emulators that are there at once: a process that has imported everything forks one whenever it is asked.

A test run starts some two hundred, and each by itself would import for longer than it works. A forked one shares no state with
others. Asking needs nothing but Python's own library: `python -S nursery.py SOCKET`.
"""
import importlib
import os
import signal
import socket
import sys
import threading

# What ministack imports once it starts or is asked something.
LATER = (
    "hypercorn.asyncio",
    *(f"ministack.services.{name}" for name in ("cloudtrail", "eventbridge", "iam", "s3", "scheduler", "sts")),
)


def nurse(path):
    """Listens on a socket, and returns in each forked process, whose port is in its environment."""
    for name in LATER:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print("ready", flush=True)
        while True:
            asker, _ = server.accept()
            if os.fork() == 0:
                break
            asker.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    port, outputs, *_ = socket.recv_fds(asker, 16, 2)
    for fd, output in enumerate(outputs, 1):
        os.dup2(output, fd)
        os.close(output)
    os.environ["GATEWAY_PORT"] = port.decode()
    threading.Thread(target=end_with, args=[asker], daemon=True).start()


def end_with(asker):
    asker.recv(1)
    os._exit(0)


def ask(path):
    """Has an emulator forked that writes to this process's output, and ends with it."""
    with socket.socket(socket.AF_UNIX) as nursery:
        nursery.connect(path)
        signal.signal(signal.SIGTERM, lambda *_: nursery.shutdown(socket.SHUT_WR))
        socket.send_fds(nursery, [os.environ["GATEWAY_PORT"].encode()], [1, 2])
        nursery.recv(1)  # until it has ended


if __name__ == "__main__":
    ask(sys.argv[1])
