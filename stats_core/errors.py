"""What is raised when records cannot be counted honestly."""


class InvalidRecordsError(ValueError):
    """Records, or partial statistics, that cannot be counted honestly.

    Attributes:
        faults: Every fault found, one line each, sorted.

    >>> print(InvalidRecordsError("`status`: absent", "`created_at`: absent"))
    `created_at`: absent
    `status`: absent
    """

    def __init__(self, *faults: str) -> None:
        """Take one line per fault, in any order."""
        self.faults = tuple(sorted(faults))
        super().__init__(*self.faults)

    def __str__(self) -> str:
        """One fault a line."""
        return "\n".join(self.faults)


def first_line(error: BaseException) -> str:
    """What another library's error says; further lines are advice.

    >>> first_line(KeyError("status"))
    "'status'"
    """
    return (str(error).splitlines() or [type(error).__name__])[0]
