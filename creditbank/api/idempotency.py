"""Idempotency-Key as draft-ietf-httpapi-idempotency-key-header-07 has it, bound to the content."""

import hashlib
import hmac
import re

from flask import request

from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.registry.idempotency import WriteKey

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
#: The draft's string in double quotes; the bare form is what most senders write.
_KEY = re.compile(r'"([A-Za-z0-9._:-]{1,64})"|([A-Za-z0-9._:-]{1,64})', re.ASCII)


class IdempotencyKeyMissingError(CreditBankError):
    """A write came without the key that would tell it from a retry."""

    code = "idempotency-key-missing"
    status = 400


class IdempotencyKeyMalformedError(CreditBankError):
    """The key is empty, too long, or holds other signs."""

    code = "idempotency-key-malformed"
    status = 400


def write_key(client_id: str, said: bytes) -> WriteKey:
    """Return this write's key: scoped to the client, bound to method, path and parsed content.

    Raises:
        IdempotencyKeyMissingError, IdempotencyKeyMalformedError: there is no usable key.
    """
    raw = request.headers.get(HEADER)
    if raw is None:
        raise IdempotencyKeyMissingError
    match = _KEY.fullmatch(raw.strip())
    if match is None:
        raise IdempotencyKeyMalformedError
    place = f"creditbank/request/v1\n{request.method} {request.path}\n".encode()
    digests = tuple(
        hmac.digest(key.material, place + said, hashlib.sha256)
        for key in current_house().keys.every("lookup")
    )
    return WriteKey(client_id, match[1] or match[2], digests)
