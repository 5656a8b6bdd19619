"""What stops a start; each message is one sentence that says what is wrong and what to do."""


class StartFailed(Exception):
    """A part did not come up."""


class BadSetting(Exception):
    """A FITMATCH_* variable is missing or wrong."""
