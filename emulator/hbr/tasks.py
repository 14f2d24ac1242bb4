"""Tasks: what DescribeTask says of things that take a while."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.hbr.answers import find, stamp
from emulator.hbr.state import Task
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.service import Call


def begin(call: Call, name: str, seconds: float, subjects: Sequence[str] = ()) -> str:
    """A new task that ends after ``seconds``; its id."""
    result = json.dumps(dict.fromkeys(subjects, "success"))
    task = Task(**stamp(call, "t"), name=name, ends_at=call.now + seconds, result=result)
    call.cloud.state.hbr.tasks[task.id] = task
    return task.id


def describe_task(call: Call) -> dict[str, Any]:
    """How far a task is: its Description is its status (API page "DescribeTask")."""
    task = find(call, call.cloud.state.hbr.tasks, call.params["TaskId"], "TaskNotFound")
    done = call.now >= task.ends_at
    share = 1.0 if done else (call.now - task.created_at) / (task.ends_at - task.created_at)
    return {
        "Name": task.name,
        "Description": "completed" if done else "created",
        "Progress": int(100 * share),
        "Result": task.result if done else "{}",
        "CreatedTime": int(task.created_at),
        "UpdatedTime": int(min(call.now, task.ends_at)),
        "CompletedTime": int(task.ends_at) if done else 0,
    }


ACTIONS = {
    "DescribeTask": Action(
        describe_task,
        {"TaskId": Param(required=True), "Token": Param(), "ResourceGroupId": Param()},
        permission="hbr:DescribeTask",
        errors=("TaskNotFound",),
    ),
}
