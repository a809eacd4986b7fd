"""The rows of the table of settings, one module per subject."""
