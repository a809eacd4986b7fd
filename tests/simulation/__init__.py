"""A deterministic world in which the database agent's real code runs; see docs/simulation.md."""
