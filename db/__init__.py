"""What is remembered: Postgres, Chroma and the photo files."""
