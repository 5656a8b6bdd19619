"""A certificate for tests of TLS."""

import subprocess
from pathlib import Path


def write(file: Path) -> Path:
    """Of 127.0.0.1, signed by itself; key and certificate in one file, as HAProxy wants it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", file.with_suffix(".crt")],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file
