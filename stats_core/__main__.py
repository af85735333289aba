"""The entry of the command line: `stats-core` and `python -m stats_core`."""

import sys


def main() -> None:
    """Run the command line, or say which extra it needs."""
    try:
        from stats_core.cli.app import app  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.exit("the command line needs an extra: pip install 'stats-core[cli]'")
    app(prog_name="stats-core")


if __name__ == "__main__":
    main()
