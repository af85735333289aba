"""Options that are pairs: a name, `=` and a column or a label."""

from collections.abc import Sequence


def named_columns(
    option: str, pairs: list[str], roles: Sequence[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Return the columns by role or name, and the faults of the option.

    >>> named_columns("breakdown", ["clinic=place.clinic", "type"])
    ({'clinic': 'place.clinic'}, ["--breakdown 'type': expected NAME=COLUMN"])
    """
    expected = "expected NAME=COLUMN"
    if roles:
        expected = f"expected ROLE=COLUMN, ROLE one of {', '.join(roles)}"
    faults = [f"--{option} {text!r}: {expected}" for text in pairs if "=" not in text]
    parted = [text.partition("=")[::2] for text in pairs if "=" in text]
    names = [name for name, _ in parted]
    unknown = [name for name in names if roles and name not in roles]
    faults += [f"--{option} {name!r}: {expected}" for name in unknown]
    twice = {name for name in names if names.count(name) > 1}
    faults += [f"--{option} {name}: given more than once" for name in sorted(twice)]
    faults += [f"--{option} {name}: expected a name" for name, it in parted if not it]
    return {name: it for name, it in parted if name not in unknown and it}, faults


def named_labels(pairs: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the labels by name, and the faults of the option `--where`.

    >>> named_labels(["source=ads", "source=a=b"])
    ({'source': ['ads', 'a=b']}, [])
    """
    faults = [
        f"--where {text!r}: expected NAME=LABEL" for text in pairs if "=" not in text
    ]
    labels: dict[str, list[str]] = {}
    for name, _, label in (text.partition("=") for text in pairs if "=" in text):
        labels.setdefault(name, []).append(label)
    return labels, faults
