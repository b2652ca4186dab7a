"""Filing for record (备案): what a provider announces, and what an official grants."""
