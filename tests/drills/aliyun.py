"""What the vendor's command line does with ``aliyun [--profile P] PRODUCT ACTION --Name value …``, on the local cloud.

A profile is an account's id; without one it is the operator. One signed call, as the real tool makes it.
"""

from __future__ import annotations

import json
import os
import sys

import httpx
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

PRODUCTS = {"ram": ("ram", "2015-05-01"), "resourcedirectorymaster": ("resourcedirectory", "2022-04-19")}


def main(words: list[str]) -> None:
    """Make the call that the words describe, and print the answer."""
    control = httpx.Client(base_url=os.environ["CAB_EMULATOR"] + "/", trust_env=False)
    known = control.get("endpoints").json()
    key = known["credentials"]["management"]
    if words[0] == "--profile":
        account, words = words[1], words[2:]
        keys = control.get("state").json()["keys"].items()
        key_id, entry = next(one for one in keys if one[1]["principal"]["account_id"] == account)
        key = {"access_key_id": key_id, "access_key_secret": entry["secret"]}
    (service, version), action = PRODUCTS[words[0]], words[1]
    given = dict(zip((name.removeprefix("--") for name in words[2::2]), words[3::2], strict=True))
    client = Client(Config(**key, endpoint=known["endpoints"][service], protocol="http"))
    params = Params(
        action=action,
        version=version,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    print(json.dumps(client.call_api(params, OpenApiRequest(query=given), RuntimeOptions())["body"]))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
