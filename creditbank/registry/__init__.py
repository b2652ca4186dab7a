"""WHO MAY TEACH, WHO MAY ASK, AND WHAT IS LAW: organisations, clients, mandates, filings, packs."""
