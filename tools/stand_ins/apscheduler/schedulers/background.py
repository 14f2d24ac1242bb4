"""Stands in for APScheduler in the staged package.

`alibabacloud_credentials` imports one name of it at its top, to renew the keys that a server gives (the role of an ECS
instance) ahead of time. The functions hand in the key of their own role, so the scheduler, and what tells it the
machine's time zone, would be loaded on every cold start and never run. Whoever starts one is told where it went.
"""


class BackgroundScheduler:
    """Made where the keys of an instance's role are to be renewed ahead."""

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError("APScheduler is not in this package; see docs/package.md")
