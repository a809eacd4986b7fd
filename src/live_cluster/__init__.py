"""live-cluster: two head servers become a high-availability pair, and stay one."""
