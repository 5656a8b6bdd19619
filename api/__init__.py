"""What is said: the HTTP contract, its schemas, its errors and its routes."""
