"""For a shell and for notebooks of one's own: cards of quantifiers, results, new experiments."""
