"""Parse, call one story, print. The only package that prints."""
