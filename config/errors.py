"""The two errors that a user can meet. Everything else that escapes is a bug and shows its traceback.

UnheardError      the command could not do its work: one clear line, exit code 1
└── UsageError    the command was asked wrongly: one clear line, exit code 2
"""


class UnheardError(Exception):
    """The work cannot be done; ``str(error)`` is the one line that the user reads."""


class UsageError(UnheardError):
    """The request itself is wrong (unknown option value, invalid configuration)."""
