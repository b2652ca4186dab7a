"""WHAT HAPPENED: rosters and the raw minutes that they state."""
