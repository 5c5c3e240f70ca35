"""An imitation of the two reads of S3 that are needed: ListObjectsV2 and GetObject, by path.

Source: Amazon's API reference for both; errors as XML with a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote
from xml.sax.saxutils import escape

from tests.imitations.serving import Asked, Reply, Served

_TIME = "2026-03-04T12:00:00.000Z"


class S3(Served):
    """One bucket.

    Args:
        bucket: Its name.
        objects: Contents by key.
        page: Keys of one answer at most.
    """

    def __init__(self, bucket: str, objects: Mapping[str, bytes], page: int = 2) -> None:
        super().__init__(self._reply)
        self.bucket = bucket
        self.objects = dict(objects)
        self.page = page

    def environment(self) -> dict[str, str]:
        """What tells the library to ask here."""
        return {
            "AWS_ENDPOINT": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-bucket",
        }

    def _reply(self, asked: Asked) -> Reply:
        if "AKIAEXAMPLE" not in asked.headers.get("authorization", ""):
            return _error(403, "AccessDenied")
        bucket, _, key = unquote(asked.path).removeprefix("/").partition("/")
        if bucket != self.bucket:
            return _error(404, "NoSuchBucket")
        if asked.query.get("list-type") == "2":
            return self._list(asked)
        if key not in self.objects:
            return _error(404, "NoSuchKey")
        return Reply(
            self.objects[key], headers={"ETag": '"1"', "Last-Modified": "Wed, 04 Mar 2026 12:00:00 GMT"}
        )

    def _list(self, asked: Asked) -> Reply:
        keys = sorted(key for key in self.objects if key.startswith(asked.query.get("prefix", "")))
        begin = int(asked.query.get("continuation-token", "0"))
        shown = keys[begin : begin + self.page]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{_TIME}</LastModified><ETag>&quot;1&quot;</ETag>"
            f"<Size>{len(self.objects[key])}</Size></Contents>"
            for key in shown
        )
        more = begin + self.page < len(keys)
        token = f"<NextContinuationToken>{begin + self.page}</NextContinuationToken>" if more else ""
        body = (
            f"<ListBucketResult><Name>{self.bucket}</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"<KeyCount>{len(shown)}</KeyCount>{token}{rows}</ListBucketResult>"
        )
        return Reply(body.encode(), headers={"Content-Type": "application/xml"})


def _error(status: int, code: str) -> Reply:
    return Reply(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode(), status)
