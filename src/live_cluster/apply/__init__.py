"""Carrying a plan out: lock, steps, waiting."""
