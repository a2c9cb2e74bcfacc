"""Numbers from arrays: intervals, tests, summaries. Pure numpy: no SQL, no files."""
