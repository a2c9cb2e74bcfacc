"""Fewer items: which ones to ask, what the answers to them say about all, and how wrong that is.

Read in this order: `choice` (which items), `clusters` (k-means behind the anchors), `estimators` (from the
answers to the full score), `adaptive` (the next items for one model), `methods` (both together),
`validation` (errors on held-out models, plans), `chosen` (one subset, ready to be asked).
"""
