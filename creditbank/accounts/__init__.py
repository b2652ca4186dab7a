"""WHO SIGNS IN: accounts of people, the seats that they act from, factors, sessions, recovery."""
