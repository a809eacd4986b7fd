"""Steps: what has to be done where, with which impact, and how to see that it is done."""
