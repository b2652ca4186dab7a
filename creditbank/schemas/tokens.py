"""Shapes of the token endpoint (RFC 6749 §4.4, RFC 7523), and of what is told of it (RFC 8414)."""

from marshmallow import EXCLUDE
from marshmallow.fields import Url

from creditbank.registry.assertions import CHARACTERS_MAX
from creditbank.schemas.fields import Several, Shape, Text, Whole

GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: RFC 6749 lets a client name scopes in any order; nobody needs more than there are, with room.
_SCOPE_CHARACTERS_MAX = 1_000


class TokenBody(Shape):
    """A request for a token; parameters that are not known are ignored, as RFC 6749 wants it."""

    class Meta:
        """Ignore what is not known."""

        unknown = EXCLUDE

    grant_type = Text(40, required=True, metadata={"enum": [GRANT]})
    scope = Text(
        _SCOPE_CHARACTERS_MAX,
        load_default=str,
        metadata={"description": "Separated by spaces; absent: all of the client's."},
    )
    client_id = Text(
        40,
        load_default=str,
        metadata={"description": "With client_secret, where no Authorization header is sent."},
    )
    client_secret = Text(200, load_default=str)
    client_assertion_type = Text(80, load_default=str, metadata={"enum": [ASSERTION_TYPE]})
    client_assertion = Text(
        CHARACTERS_MAX,
        load_default=str,
        metadata={
            "description": "JWT (RFC 7523) instead of a secret: iss and sub the client_id, aud "
            "this endpoint or the issuer, exp within an hour, a jti that is used once; signed "
            "Ed25519 or ES256."
        },
    )


class TokenAnswer(Shape):
    """A token (RFC 6749 §5.1)."""

    access_token = Text(80)
    token_type = Text(10, metadata={"enum": ["Bearer"]})
    expires_in = Whole(0, 3_600, metadata={"description": "Seconds."})
    scope = Text(_SCOPE_CHARACTERS_MAX, low=0)


class TokenFailure(Shape):
    """A refusal (RFC 6749 §5.2); `detail` says the same in the language asked for."""

    error = Text(40)
    error_description = Text(1_000)
    error_uri = Text(200)
    detail = Text(1_000)


class ServerMetadata(Shape):
    """What a client can learn of the authorization server by itself (RFC 8414)."""

    issuer = Url()
    token_endpoint = Url()
    service_documentation = Url()
    grant_types_supported = Several(Text(40))
    token_endpoint_auth_methods_supported = Several(Text(40))
    token_endpoint_auth_signing_alg_values_supported = Several(Text(40))
    scopes_supported = Several(Text(40))
    ui_locales_supported = Several(Text(10))
