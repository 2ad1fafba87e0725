"""What an upload gets where the disk has no room for it: one sentence, and no part of it stays."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SENTENCE = (
    "There is no room left for this file on the server."
    " Free some space, or set TMPDIR to a folder on another disk, and try again."
)


async def reply_without_room(request: Request, error: Exception) -> Response:
    """The reply to a request that found the disk full; any other error goes on as it is."""
    from starlette.responses import PlainTextResponse

    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return PlainTextResponse(SENTENCE, 507)
    raise error


def remove_broken_uploads() -> None:
    """Have Gradio delete what it wrote of an upload that failed: the disk would stay full."""
    from gradio.route_utils import GradioMultiPartParser

    class TidyParser(GradioMultiPartParser):
        async def parse(self) -> Any:
            try:
                return await super().parse()
            except BaseException:  # a full disk, or whoever sends it has gone
                for file in self._files_to_close_on_error:
                    _discard(file)
                raise

    if GradioMultiPartParser.__name__ != TidyParser.__name__:
        import gradio.route_utils

        gradio.route_utils.GradioMultiPartParser = TidyParser  # type: ignore[misc]


def _discard(file: Any) -> None:
    with suppress(OSError):  # what was not written yet has no room either
        file.close()
    Path(file.name).unlink(missing_ok=True)
