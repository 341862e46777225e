"""In a process of its own: opens pages in a browser that has never been there; writes what that took as JSON.

`python -m benchmarks.views PAGES FILE`, with the seeded state folder in BOTPLATFORM_VAR.
"""

import json
import os
import sys
from pathlib import Path
from statistics import median

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "botplatform.settings")

# First of all Django, as the server has it.
from benchmarks.served import USER  # noqa: I001 - see above

from django.db import connection

from botplatform.accounts.models import User
from tests.support.browser import Visitor, Web, browser

_TURNS = 3
_READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def seen(launched, web, user, path):
    turns = []
    for _ in range(_TURNS):
        visitor = Visitor(launched, web.address, user)
        script, files = [], []
        visitor.page.on("response", lambda answer, script=script, files=files: note(answer, script, files))
        answer = visitor.page.goto(web.address + path, wait_until="load")
        visitor.page.wait_for_timeout(300)
        # An error page is quick and small.
        assert answer.ok, f"{path} answered {answer.status}"
        assert script, f"{path} came without its scripts"
        turns.append(visitor.page.evaluate(_READY) / 1000)
        visitor.context.close()
    return {"seconds": median(turns), "script": sum(script) / 1024, "files": len(files)}


def note(answer, script, files):
    if answer.request.resource_type == "eventsource":
        return
    files.append(answer.url)
    if answer.request.resource_type == "script":
        script.append(len(answer.body()))


def main(pages, target):
    user = User.objects.get(username=USER)
    with Web(connection.settings_dict["NAME"]) as web, browser() as launched:
        seen(launched, web, user, "/sign-in")  # the server's own first time
        found = {name: seen(launched, web, user, path) for name, path in pages.items()}
    Path(target).write_text(json.dumps(found))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])
