"""The resource agent ocf:live-cluster:postgresql; standard library only, started afresh for every action."""
