"""CLOCKWORK: what runs by itself, in a process of its own."""
