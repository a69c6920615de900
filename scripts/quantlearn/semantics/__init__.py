"""Quantifiers and their meanings: the language, scenes, truth, universals, complexity, symmetry."""
