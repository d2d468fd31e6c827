"""Fill the cache of `rocrate-validator` with the JSON-LD contexts of a crate, so that it needs no network.

Run in the environment of the validators, with the path of the cache. RO-Crate's own context is the copy that the
package rocrate ships; of that of https://w3id.org/ro/terms/workflow-run there are the terms that a crate of ours uses.
"""

import json
import sys
from importlib.resources import files

from requests import PreparedRequest
from requests_cache import CachedResponse, CachedSession

RUN = "https://w3id.org/ro/terms/workflow-run"
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": files("rocrate")
    .joinpath("data/ro-crate.jsonld")
    .read_text("utf-8"),
    f"{RUN}/context": json.dumps(
        {"@context": {term: f"{RUN}#{term}" for term in ("resourceUsage", "sha256")}}
    ),
}

session = CachedSession(cache_name=sys.argv[1], backend="sqlite")
for url, context in CONTEXTS.items():
    request = PreparedRequest()
    request.prepare(method="GET", url=url)
    response = CachedResponse(
        url=url, status_code=200, content=context.encode(), headers={"Content-Type": "application/ld+json"}
    )
    session.cache.save_response(response, session.cache.create_key(request))
