"""Data that ships with the bank."""
