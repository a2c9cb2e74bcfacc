"""Where results are kept: the journal is the truth, the database is folded from it, the cache saves money."""
