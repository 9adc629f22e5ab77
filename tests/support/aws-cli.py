"""The AWS CLI, imported once: a process that forks one for each command, and the command that asks for it.

Importing it takes longer than most of its commands do. A forked one has the asker's arguments, folder, environment, input and outputs, and
shares no state with others.
"""
import os
import sys


def ask(path, arguments):
    """What `aws` runs. It imports little, since it runs for each command."""
    import _socket

    server = _socket.socket(_socket.AF_UNIX)
    server.connect(path)
    descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    server.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
    variables = (b"=".join(pair) for pair in os.environb.items())
    server.sendall(b"\0".join((os.getcwdb(), b"%d" % len(arguments), *map(os.fsencode, arguments), *variables)))
    server.shutdown(_socket.SHUT_WR)
    status = server.recv(1)
    # Without an answer it crashed, and wrote why.
    return status[0] if status else 255


def serve(path):
    """Listens on a socket, and returns in each forked process the connection and what was asked for."""
    import socket

    from awscli.clidriver import create_clidriver

    sys.path.append(os.path.join(os.path.dirname(__file__), "../../tools"))
    from forks import forked

    create_clidriver()  # which imports the rest
    asker = forked(path)
    _, descriptors, _, _ = socket.recv_fds(asker, 1, 3)
    with asker.makefile("rb") as reader:
        folder, count, *told = reader.read().split(b"\0")
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    data = os.environb[b"AWS_DATA_PATH"]  # the AWS CLI has set it while it was imported
    os.environb.clear()
    os.environb[b"AWS_DATA_PATH"] = data
    os.environb.update(pair.split(b"=", 1) for pair in told[int(count) :])
    sys.argv = ["aws", *map(os.fsdecode, told[: int(count)])]
    return asker


def answer(asker):
    from awscli.clidriver import main

    try:
        status = main()
    except SystemExit as ended:
        status = ended.code
    sys.stdout.flush()
    asker.sendall(bytes([status]))


if __name__ == "__main__":
    role, path, *arguments = sys.argv[1:]
    if role == "serve":
        answer(serve(path))
    else:
        sys.exit(ask(path, arguments))
