"""Text of the files and of the CIB, from settings and facts; pure."""
