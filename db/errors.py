"""What can go wrong with remembered things; messages may be read by a shop."""


class NotFound(Exception):
    """There is no such row, or it belongs to another shop."""


class Taken(Exception):
    """A name or an external id that must be unique is in use."""


class InUse(Exception):
    """A term cannot go while products carry it."""


class Changed(Exception):
    """The row's revision is not the one the caller last read (If-Match)."""


class Suspended(Exception):
    """The operator has suspended the shop that the key belongs to."""


class Unavailable(Exception):
    """Postgres, Chroma, the photo files or a replica did not answer in time; trying again later may help."""


class IndexAway(Unavailable):
    """The Chroma server of the shop did not answer; those of others may."""


class Overloaded(Exception):
    """The queue is full: refused before any work was done."""
