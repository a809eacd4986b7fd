"""The configurator's access: one secret per installation, opened on each server for an hour at most."""
