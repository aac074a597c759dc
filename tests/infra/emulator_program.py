"""The emulator as AWS: its CloudFront reaches an API of its own, buckets by TLS, tables export."""

import os
from typing import Any

from ministack.core.iam_evaluator import pin_request_origin
from ministack.services import cloudfront

from infra.local import exports

_serve = cloudfront._serve_s3_origin
_forward = cloudfront._forward_to_origin


def _to_own_api(origin: dict[str, Any], method: str, uri: str, *more: Any, **named: Any) -> Any:
    api, mark, _ = origin["domain_name"].partition(".execute-api.")
    if mark:
        here = {"domain_name": "127.0.0.1", "http_port": int(os.environ["GATEWAY_PORT"])}
        origin = {**origin, **here, "protocol_policy": "http-only"}
        uri = f"/_aws/execute-api/{api}{uri}"
    return _forward(origin, method, uri, *more, **named)


def _by_tls(*given: Any) -> Any:
    pin_request_origin("127.0.0.1", secure_transport=True)
    return _serve(*given)


cloudfront._forward_to_origin = _to_own_api
cloudfront._serve_s3_origin = _by_tls

if __name__ == "__main__":
    from ministack.app import main

    exports.install()
    main()
