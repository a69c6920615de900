"""All quantifiers side by side: one table, their meanings in words, their pictures."""
