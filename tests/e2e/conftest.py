"""`fitmatch` itself is in tests/conftest.py: the browser tier shares the running instance."""

from tests.e2e.instance import Running

__all__ = ["Running"]
