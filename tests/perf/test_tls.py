"""All hosts share one TLS context, and it verifies."""

from __future__ import annotations

import ssl
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from darabonba.core import DaraCore
from requests.exceptions import SSLError

from shared.tls import share_context
from tests.flows.world import REGIONS, World


def contexts() -> set[int]:
    """The contexts of all sessions that the SDKs keep."""
    sessions = DaraCore._sessions.items()  # noqa: SLF001 - nothing else tells
    pools = [session.get_adapter(key.partition(":pool")[0]).poolmanager for key, session in sessions]
    return {id(pool.connection_pool_kw["ssl_context"]) for pool in pools}


def test_hosts_share_one_context(world: World) -> None:
    """After an account has been enrolled, in more than one region, every host's session has the same context."""
    DaraCore._sessions.clear()  # noqa: SLF001 - clients of other tests are of the test's own making
    world.enrol()
    assert len(DaraCore._sessions) >= 3 + len(REGIONS)  # noqa: SLF001 - the same
    assert len(contexts()) == 1


def self_signed(folder: Path) -> Path:
    """A certificate that nobody vouches for, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *private) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_a_stranger_is_refused(tmp_path: Path) -> None:
    """A server whose certificate nobody vouches for is not spoken to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.handle_request, daemon=True).start()
        share_context()
        session = DaraCore._get_session("https://stranger", "HTTPS")  # noqa: SLF001 - as the SDKs get theirs
        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            session.get(f"https://127.0.0.1:{server.server_port}", timeout=5)
