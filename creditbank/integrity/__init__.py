"""INTEGRITY: what is said against hours, and what became of it."""
