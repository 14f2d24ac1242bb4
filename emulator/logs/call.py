"""One call of Simple Log Service, as an action's function receives it, and what every action answers with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.accounts import Principal
    from emulator.cloud import Cloud
    from emulator.logs.state import Logstore, Project

REGION = "cn-hangzhou"
"""One port serves projects of this region; the real cloud names it in the host."""


@dataclass
class Call:
    """An authenticated call; its body has been checked by the time that the action runs."""

    cloud: Cloud
    principal: Principal
    project_name: str
    store_name: str = ""
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """Emulated epoch seconds."""
        return self.cloud.clock.now()

    @property
    def project(self) -> Project:
        """The caller's project. Raises CloudError, as every page says, where there is none."""
        found = self.cloud.state.logs.projects.get(self.project_name)
        if found is None or found.account_id != self.principal.account_id:
            raise CloudError("ProjectNotExist", f"The Project does not exist : {self.project_name}", 404)
        return found

    @property
    def store(self) -> Logstore:
        """The logstore in it. Raises CloudError, as every page says, where there is none."""
        found = self.project.stores.get(self.store_name)
        if found is None:
            raise CloudError("LogStoreNotExist", f"logstore {self.store_name} does not exist", 404)
        return found


def answer(document: dict[str, Any] | None = None) -> Response:
    """A document as JSON, or nothing, as after everything that is made (SDK: ``body_type`` none)."""
    return Response("" if document is None else json.dumps(document, ensure_ascii=False), media_type="application/json")
