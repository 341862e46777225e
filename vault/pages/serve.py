"""Starting the pages: an HTTP origin of its own. TLS, where they are not on localhost, is a proxy's in front."""

from __future__ import annotations

import asyncio
import logging

import uvicorn

from vault.client import BadKeyFile, KeyFile, PagesClient
from vault.pages.application import Application
from vault.settings import VAULT

log = logging.getLogger(__name__)


class NotEnrolled(Exception):
    """The pages have no key of their own, or one that others can read. The message says what to do."""


async def serve() -> None:
    """Run until SIGTERM. Raises NotEnrolled."""
    try:
        client = PagesClient(VAULT.signer_socket, KeyFile.read(VAULT.pages_key))
    except BadKeyFile as why:
        raise NotEnrolled(f"{why} (for the pages: enroll-pages)") from why
    config = uvicorn.Config(
        Application(client, origin=VAULT.pages_site, web=VAULT.web_site),
        host=VAULT.pages_host,
        port=VAULT.pages_listen_port,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=3,
        http="httptools",
    )
    log.info("the pages are at %s", VAULT.pages_site)
    await uvicorn.Server(config).serve()
    await asyncio.to_thread(client.close)
