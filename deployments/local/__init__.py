"""One supervisor for Postgres, Chroma and Ray on one machine."""
