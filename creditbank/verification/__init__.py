"""THE ANSWER: gather, assess, sign, store."""
