"""WHOSE HOURS: identity documents, the vault, names, links."""
