"""Shapes of what clients prove themselves with: secrets and public keys."""

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields

from creditbank.errors import CreditBankError
from creditbank.registry.credentials import OVERLAP_HOURS, CredentialKind
from creditbank.registry.public_keys import read_public_key
from creditbank.schemas.fields import Choice, Inner, Instant, Shape, Text, public_number
from creditbank.schemas.wanted import Wanted

PUBLIC_KEY_EXAMPLE = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


class PublicKey(fields.Field[str]):
    """A public JWK outside, canonical text inside."""

    def __init__(self, **options: Any) -> None:
        shown = {
            "type": "object",
            "required": ["kty", "crv", "x"],
            "properties": {
                "kty": {"enum": ["OKP", "EC"]}, "crv": {"enum": ["Ed25519", "P-256"]},
                "x": {"type": "string"}, "y": {"type": "string"},
            },
            "description": "JWK (RFC 7517) without a private part: Ed25519 or P-256.",
            "example": PUBLIC_KEY_EXAMPLE,
        }  # fmt: skip
        super().__init__(**{"metadata": shown, **options})

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, dict):
            raise ValidationError([Wanted("field-object")])
        try:
            return read_public_key(value)
        except CreditBankError as error:
            raise ValidationError([Wanted(error.code, **error.facts)]) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else json.loads(value)


class SecretBody(Shape):
    """A new secret, and when the one that it takes over from ends."""

    expires_at = Instant(
        load_default=lambda: None,
        metadata={"description": "Its own end; absent: holds until it is revoked."},
    )
    old_ends_at = Instant(
        load_default=lambda: None,
        metadata={"description": f"End of the old one; absent: {OVERLAP_HOURS} hours from now."},
    )


class PublicKeyBody(SecretBody):
    """A public key, and when the one that it takes over from ends."""

    public_key = PublicKey(required=True)


class CredentialAnswer(Shape):
    """A secret or public key of a client; of a secret only that it is there."""

    credential_no = public_number("K7K2M9QXAB")
    client_id = Text(40)
    kind = Choice(CredentialKind)
    public_key = PublicKey(attribute="public_jwk", allow_none=True)
    created_by = Text(60)
    created_at = Instant()
    last_used_at = Instant(allow_none=True)
    expires_at = Instant(allow_none=True)
    revoked_at = Instant(allow_none=True)


class NewCredentialAnswer(CredentialAnswer):
    """A new secret or public key; the secret stands in the first answer only."""

    client_secret = Text(120, metadata={"description": "Shown in the first answer only."})
    secret_note = Text(200, metadata={"description": "Says so, in a retry's answer."})


class CredentialsAnswer(Shape):
    """All that a client ever held, the newest first."""

    credentials = Inner(CredentialAnswer, many=True)
