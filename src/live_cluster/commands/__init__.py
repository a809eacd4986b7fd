"""One module per verb: what it does, without a word about options or output."""
