"""RSA keys in stock, for emulators of tests: making one of 4096 bits takes half a second.

`python stock.py FILE` makes them. Each emulator takes them in their order, each once, and then makes its own. So no two keys of one
emulator are the same. Keys of two emulators can be: they differ in their ids.
"""
import sys
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

# How many of each size: more than most tests take.
SIZES = {2048: 12, 3072: 4, 4096: 6}


def stock(der):
    """Has rsa.generate_private_key() answer with the keys that are in these bytes, one after the other, as long as there are any."""
    generate, keys = rsa.generate_private_key, {size: [] for size in SIZES}
    while der:
        length = 4 + int.from_bytes(der[2:4], "big")  # Their DER is longer than 255 bytes.
        key = serialization.load_der_private_key(der[:length], None, unsafe_skip_rsa_key_validation=True)
        keys[key.key_size].append(key)
        der = der[length:]
    rsa.generate_private_key = lambda public_exponent, key_size: (
        keys[key_size].pop() if keys.get(key_size) else generate(public_exponent, key_size)
    )


def make(path):
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    sizes = [size for size, count in SIZES.items() for _ in range(count)]
    keys = (rsa.generate_private_key(65537, size).private_bytes(*form) for size in sizes)
    Path(path).write_bytes(b"".join(keys))


if __name__ == "__main__":
    make(sys.argv[1])
