"""What many stored runs say together: ratings, rankings, unusual response patterns, fewer items."""
