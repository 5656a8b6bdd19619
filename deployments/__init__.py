"""What runs: the Ray Serve graph and the command line."""
