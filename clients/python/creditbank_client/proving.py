"""How a client proves itself to get a token: by a secret, or by a key that never leaves it."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60


class Proof(Protocol):
    """What is sent to the token endpoint beside the grant."""

    def parameters(self, client_id: str, endpoint: str) -> Mapping[str, str]:
        """Return form parameters that prove the client to the token endpoint."""
        ...


@dataclass(frozen=True, slots=True)
class Secret:
    """A client's secret (`client_secret_post`)."""

    secret: str = field(repr=False)

    def parameters(self, client_id: str, endpoint: str) -> Mapping[str, str]:
        """Return id and secret."""
        del endpoint
        return {"client_id": client_id, "client_secret": self.secret}


@dataclass(frozen=True, slots=True)
class Key:
    """A client's private key (`private_key_jwt`, RFC 7523): Ed25519, or P-256 with ES256."""

    key: OKPKey | ECKey = field(repr=False)

    @classmethod
    def from_file(cls, path: str | Path) -> "Key":
        """Read a private JWK (RFC 7517) from a file.

        Raises:
            ValueError: it holds neither an Ed25519 nor a P-256 key.
        """
        members = json.loads(Path(path).read_text("utf-8"))
        kinds: dict[object, type[OKPKey] | type[ECKey]] = {"Ed25519": OKPKey, "P-256": ECKey}
        kind = kinds.get(members.get("crv"))
        if kind is None or "d" not in members:
            raise ValueError("wanted a private JWK of Ed25519 or P-256")
        return cls(kind.import_key(members))

    def parameters(self, client_id: str, endpoint: str) -> Mapping[str, str]:
        """Sign an assertion that is good for one token."""
        algorithm = "Ed25519" if isinstance(self.key, OKPKey) else "ES256"
        now = int(time.time())
        claims = {
            "iss": client_id, "sub": client_id, "aud": endpoint, "iat": now,
            "exp": now + _ASSERTION_SECONDS, "jti": secrets.token_urlsafe(16),
        }  # fmt: skip
        signed = jwt.encode({"alg": algorithm}, claims, self.key, algorithms=[algorithm])
        return {
            "client_id": client_id,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": signed,
        }
