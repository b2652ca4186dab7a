"""TRUTH: entries and acts, appended, hashed, sealed into logs, proven and checked."""
