"""Engines that llmgen starts itself: where their weights come from, how they start, how they end."""
