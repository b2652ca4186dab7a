#!/bin/sh
# Asks one question and prints the signed answer. Wants BANK, CLIENT_ID and CLIENT_SECRET in the
# environment; the question is a file (question.json), the second argument a key of your own for it.
set -eu
token=$(printf 'user = "%s:%s"' "$CLIENT_ID" "$CLIENT_SECRET" |
  curl -sSf -K - "$BANK/api/v1/oauth/token" -d grant_type=client_credentials |
  sed -E 's/.*"access_token": *"([^"]*)".*/\1/')
printf 'header = "Authorization: Bearer %s"' "$token" |
  curl -sS --fail-with-body -K - "$BANK/api/v1/verdicts" -H "Idempotency-Key: $2" \
    -H "Content-Type: application/json" -H "Accept: application/jose" --data-binary "@$1"
