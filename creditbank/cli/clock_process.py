"""The clock as a child of `creditbank serve`; its one argument is the process id of the parent."""

import sys

from creditbank.app import create_app
from creditbank.jobs.clock import run_clock
from creditbank.jobs.lifeline import end_with_parent
from creditbank.logs import configure_logs


def main() -> None:
    """Run the clock until a signal comes or the parent is gone."""
    end_with_parent(int(sys.argv[1]))
    configure_logs()
    run_clock(create_app())


if __name__ == "__main__":
    main()
