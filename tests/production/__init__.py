"""The production layout on this machine: `make prod-check`."""
