#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Unpacks the kernel inside a bzImage on the host.

Xen and xl can do it too, but inside the emulated machine it costs seconds for every domain.
Format: Documentation/x86/boot.rst in Linux (setup_sects, payload_offset, payload_length).
"""

import gzip
import lzma
import struct
import sys

SECTOR = 512
SETUP_SECTS = 0x1F1
HEADER_MAGIC = 0x202
PAYLOAD_OFFSET = 0x248


def unpack(image):
    """The ELF kernel in the bytes of a bzImage; ValueError if there is none that this can read."""
    if image[HEADER_MAGIC:HEADER_MAGIC + 4] != b"HdrS":
        raise ValueError("not a bzImage")
    start = (image[SETUP_SECTS] + 1) * SECTOR
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    payload = image[start + offset:start + offset + length]
    # What follows the compressed stream is its unpacked size, 4 bytes.
    if payload.startswith(b"\xfd7zXZ"):
        kernel = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b"\x1f\x8b"):
        kernel = gzip.decompress(payload[:-4])
    else:
        raise ValueError(f"unknown compression {payload[:4].hex()}")
    if not kernel.startswith(b"\x7fELF"):
        raise ValueError("the payload is no ELF image")
    return kernel


def main():
    with open(sys.argv[1], "rb") as f:
        kernel = unpack(f.read())
    with open(sys.argv[2], "wb") as f:
        f.write(kernel)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError, lzma.LZMAError) as e:
        sys.exit(f"vmlinux.py: {sys.argv[1]}: {e}")
