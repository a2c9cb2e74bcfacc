"""Makes a model: fine-tuning of small local models."""
