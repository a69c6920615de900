"""Pages, from figures, texts and tables."""
