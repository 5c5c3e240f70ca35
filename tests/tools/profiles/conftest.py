"""An imitation of Datadog for tests of downloads."""

from tests.tools.datadog.conftest import asking, fake

__all__ = ["asking", "fake"]
