"""A certificate for the loopback listener, which raft needs and which serves metrics alone.

Its authority's key is thrown away at once. This is the one place where the supervisor needs `cryptography`,
and only on the first start.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from botplatform.supervisor.layout import private_folder, write_private

YEARS = 20


def make_certificate(folder: Path) -> None:
    """Write ca.pem, server.pem and server.key for 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)

    def begin(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("embedded OpenBao"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=5))
            .not_valid_after(now + dt.timedelta(days=365 * YEARS))
        )

    root = (
        begin("embedded OpenBao", authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority, hashes.SHA256())
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = (
        begin("127.0.0.1", own)
        .add_extension(address, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority, hashes.SHA256())
    )
    private_folder(folder)
    write_private(folder / "ca.pem", root.public_bytes(serialization.Encoding.PEM))
    write_private(
        folder / "server.key",
        own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    # Last: its presence says that the folder is whole.
    write_private(folder / "server.pem", leaf.public_bytes(serialization.Encoding.PEM))
