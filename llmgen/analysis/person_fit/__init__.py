"""Person fit: is a model right on hard items and wrong on easy ones, more than others of its ability?

Read in this order: `statistic` (lz and lz* of each model), `population` (lz* against models of like
ability), `injection` (how much memorisation it would notice), `verdicts` (all of it, one model each).
"""
