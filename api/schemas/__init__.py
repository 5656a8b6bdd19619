"""Request and response bodies, with their limits, descriptions and examples."""
