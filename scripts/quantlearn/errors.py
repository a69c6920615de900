"""The errors that this library raises on purpose, and the words for those of the machine."""

import errno
import os

__all__ = ["QuantlearnError", "WriteError", "damaged", "is_unwritable", "unwritable"]

# What stops a file from being written, and what helps.
_REMEDIES = {
    **dict.fromkeys([errno.ENOSPC, errno.EDQUOT], "free some space and run again"),
    **dict.fromkeys(
        [errno.EROFS, errno.EACCES, errno.EPERM], "make its folder writable and run again"
    ),
    errno.EIO: "see that its disk is sound and run again",
}


class QuantlearnError(Exception):
    """A fault that the user can mend; its text is one clear message."""


class WriteError(QuantlearnError, OSError):
    """A file that cannot be written."""


def unwritable(path: object, fault: OSError) -> WriteError:
    """The error that says why the file at ``path`` could not be written, and what helps.

    >>> import errno, os
    >>> str(unwritable("results/x.csv", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    'results/x.csv: cannot be written: No space left on device; free some space and run again'
    """
    # Libraries put words of their own around those of the system.
    why = os.strerror(fault.errno) if is_unwritable(fault) else fault.strerror or str(fault)
    remedy = _REMEDIES.get(
        fault.errno, "see that its folder can be used, by one run at a time, and run again"
    )
    return WriteError(f"{path}: cannot be written: {why}; {remedy}")


def damaged(path: object, what: str, why: object) -> str:
    """The one line of an error about a result that was cut off or edited.

    >>> damaged("results/x.csv", "a table", "it lacks\\n trial")
    'results/x.csv: cannot be read as a table: it lacks trial; delete it and run again'
    """
    reason = " ".join(str(why).split())
    return f"{path}: cannot be read as {what}: {reason}; delete it and run again"


def is_unwritable(fault: OSError) -> bool:
    """Whether it is a fault of a disk that is full or broken, or of what may not be written."""
    return fault.errno in _REMEDIES
