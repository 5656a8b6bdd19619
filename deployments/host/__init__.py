"""What a host or a container of production runs: Ray and Serve, on stores that are somebody else's."""
