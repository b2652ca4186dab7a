"""THE HINGE: the only room that knows facts, law and ledger at once; the only one that moves hours."""
