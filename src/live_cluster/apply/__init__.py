"""Carrying a plan out: locks, steps, waiting."""
