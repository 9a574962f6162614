"""A self-signed certificate and its private key, for trying TLS."""

from __future__ import annotations

import datetime
import ipaddress
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 825


def main(directory: str = "certs", *names: str) -> None:
    """Write ``server.pem`` and ``server-key.pem`` for ``names``."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, names or ("localhost", "127.0.0.1", "::1"))
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    (target / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_secret(
        target / "server-key.pem",
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    print(f"wrote {target}/server.pem and {target}/server-key.pem; in the configuration:")
    print("[server.tls]")
    print(f'certificate = "{target.resolve()}/server.pem"')
    print(f'key = "{target.resolve()}/server-key.pem"')


def _certificate(key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in names]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_secret(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
