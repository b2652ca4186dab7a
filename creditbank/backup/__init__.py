"""Backup and restore: one snapshot of the database, keys apart from it, and what was published."""
