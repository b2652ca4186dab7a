"""Sending to addresses that others chose: signed (RFC 9421, RFC 9530), bounded, and never inside.

A name is looked up once, every address that it has is looked at, and the connection goes to the one
that was looked at; TLS still holds the name. Redirects are not followed, and what comes back is not
read beyond its status.
"""

import base64
import hashlib
import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from creditbank.keys import KeyStore, public_jwk
from creditbank.verification.events import Sent

CONNECT_SECONDS, TOTAL_SECONDS = 5, 15
_NONCE_BYTES = 16
_COVERED = ("@method", "@target-uri", "content-type", "content-digest")
TAG = "creditbank-event"
#: Addresses that lead to others which may be anywhere: NAT64, 6to4, Teredo.
_LEADING = tuple(
    ipaddress.ip_network(each)
    for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class _ToAddress(http.client.HTTPConnection):
    """Connects to an address that was looked at, whatever the name leads to by now."""

    def __init__(self, host: str, port: int, address: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        self._address, self._tls = address, tls

    def connect(self) -> None:
        """Connect, by TLS under the name where it is wanted."""
        plain = socket.create_connection((self._address, self.port), CONNECT_SECONDS)
        self.sock = (
            plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)
        )


def signed_headers(
    keys: KeyStore, url: str, content: bytes, *, now: datetime, nonce: str = ""
) -> Mapping[str, str]:
    """Return the fields that sign a POST of JSON with the newest Ed25519 key of verdicts."""
    key = keys.newest("verdict-ed25519")
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")
    fields = {"Content-Type": "application/json", "Content-Digest": f"sha-256=:{digest}:"}
    said = {"@method": "POST", "@target-uri": url}
    said |= {name.lower(): value for name, value in fields.items()}
    chosen = nonce or base64.b64encode(secrets.token_bytes(_NONCE_BYTES)).decode("ascii")
    parameters = (
        "(" + " ".join(f'"{name}"' for name in _COVERED) + ")"
        f';created={int(now.timestamp())};keyid="{public_jwk(key)["kid"]}";alg="ed25519"'
        f';nonce="{chosen}";tag="{TAG}"'
    )
    lines = [f'"{name}": {said[name]}' for name in _COVERED]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = base64.b64encode(key.ed25519.sign(base.encode("ascii"))).decode("ascii")
    return {
        **fields, "Signature-Input": f"sig1={parameters}", "Signature": f"sig1=:{signature}:",
    }  # fmt: skip


def post(url: str, content: bytes, headers: Mapping[str, str], *, open_network: bool) -> Sent:
    """Send once, and say how it went; nothing is raised for what the other side does."""
    parts = urlsplit(url)
    host, tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    try:
        address = _address_of(host, port, open_network=open_network)
    except OSError:
        return Sent(None, "host-unknown")
    if address is None:
        return Sent(None, "address-inside")
    context = ssl.create_default_context() if tls else None
    connection = _ToAddress(host, port, address, context)
    # A server that answers drop by drop keeps each wait short and the whole long.
    ending = threading.Timer(TOTAL_SECONDS, _shut, (connection,))
    ending.daemon = True
    ending.start()
    try:
        target = parts.path or "/"
        target += f"?{parts.query}" if parts.query else ""
        connection.request("POST", target, content, dict(headers))
        return Sent(connection.getresponse().status)
    except ssl.SSLError:
        return Sent(None, "tls-failed")
    except (OSError, http.client.HTTPException):
        return Sent(None, "no-answer")
    finally:
        ending.cancel()
        connection.close()


def _address_of(host: str, port: int, *, open_network: bool) -> str | None:
    """Return an address of a host; None if any that it has is not of the public network."""
    found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not open_network and not all(map(is_public, found)):
        return None
    return found[0]


def is_public(address: str) -> bool:
    """Tell whether an address is of the public network, and leads nowhere else."""
    known = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            return is_public(str(known.ipv4_mapped))
        if any(known in each for each in _LEADING):
            return False
    return known.is_global and not known.is_multicast


def _shut(connection: http.client.HTTPConnection) -> None:
    held = connection.sock
    if held is not None:
        try:
            held.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
