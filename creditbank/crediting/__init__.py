"""THE HINGE: the only room that knows facts, law and ledger at once, and that moves hours."""
