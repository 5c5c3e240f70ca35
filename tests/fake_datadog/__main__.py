"""Serve until Ctrl-C: `python -m tests.fake_datadog --port 0 --scenario file.json`."""

from __future__ import annotations

import argparse
import sys
import threading

from tests.fake_datadog.app import FakeDatadog
from tests.fake_datadog.scenario import read


def main(arguments: list[str] | None = None) -> int:
    """Print the URL and the keys, then serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_datadog", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0 takes a free port")
    parser.add_argument("--scenario", default="default", help="default, empty, runtimes, or a JSON file")
    given = parser.parse_args(arguments)
    try:
        scenario = read(given.scenario)
        server = FakeDatadog(scenario, port=given.port)
        server.start()
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1
    try:
        sys.stdout.write(f"{server.url}\nDD_API_KEY={server.api_key} DD_APP_KEY={server.app_key}\n")
        sys.stdout.flush()
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
