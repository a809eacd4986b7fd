"""Benchmarks: what the product takes, side by side with other tools on the same virtual servers."""
