"""LAW: dated, cited rule packs, and pure functions that convert, cap, weigh and explain by them."""
