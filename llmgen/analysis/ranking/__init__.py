"""Rank aggregation: many rankings of the same systems, one order, and how sure it is.

Read in this order: `ranks` (scores to mid-ranks), `borda`, `kemeny` (exact) and `search` (approximate),
`bootstrap` (intervals), `rank` (all of it).
"""
