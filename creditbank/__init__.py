"""学时银行: a continuing-education credit bank with a provable ledger and signed verdicts."""
