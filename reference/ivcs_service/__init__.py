"""What the services of the reference share."""
