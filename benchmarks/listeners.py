"""In a process of its own: listens to so many streams for so long; prints what came as JSON.

`python -m benchmarks.listeners READERS SECONDS`, with the seeded state folder in BOTPLATFORM_VAR.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "botplatform.settings")

# First of all Django, as the server has it.
from benchmarks.served import USER  # noqa: I001 - see above

import aiohttp
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client
from django.utils import timezone

from botplatform.accounts.models import User
from botplatform.bots.models import Bot, BotEvent
from botplatform.markets.models import Market
from tests.support.browser import Web
from tests.support.cookies import sign_cookies

_TICK = os.sysconf("SC_CLK_TCK")
_SILENT = 30  # seconds without a word, not even that the server is still there
_BOTS = 20  # whose pages are watched


class Reader:
    def __init__(self, path):
        self.path, self.messages, self.bytes, self.error, self.heard = path, 0, 0, "", time.monotonic()

    async def listen(self, session, address):
        try:
            async with session.get(address + self.path) as answer:
                assert answer.status == 200, answer.status
                async for chunk in answer.content.iter_any():
                    self.heard = time.monotonic()
                    self.bytes += len(chunk)
                    self.messages += chunk.count(b"data: ")
            self.error = "ended"
        except asyncio.CancelledError:
            raise
        except (aiohttp.ClientError, OSError, AssertionError) as why:
            self.error = repr(why)


def used(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory(process):
    line = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1]) // 1024


def move(bots, turn):
    """What a second of trading changes."""
    market = Market.objects.exclude(last_price=None).order_by("pk")[turn % 12]
    price = market.last_price + market.tick_size * (1 if turn % 2 else -1)
    Market.objects.filter(pk=market.pk).update(last_price=price, last_price_at=timezone.now())
    BotEvent.objects.create(bot=bots[turn % len(bots)], at=timezone.now(), text="Measured.")


async def main(readers, seconds):
    user = await sync_to_async(User.objects.get)(username=USER)
    bots = [bot async for bot in Bot.objects.filter(owner=user).order_by("pk")[:_BOTS]]
    sign_cookies()
    client = Client()
    await sync_to_async(client.force_login)(user)
    cookies = {"sessionid": client.cookies["sessionid"].value}
    paths = ["/stream" if each % 2 else f"/bots/{bots[each // 2 % _BOTS].pk}/stream" for each in range(readers)]
    listening = [Reader(path) for path in paths]
    with Web(connection.settings_dict["NAME"]) as web:
        connector = aiohttp.TCPConnector(limit=0)
        limit = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=limit, cookies=cookies) as session:
            tasks = [asyncio.create_task(each.listen(session, web.address)) for each in listening]
            began, before = time.monotonic(), used(web.process)
            turn, silent = 0, set()
            while time.monotonic() - began < seconds:
                await asyncio.sleep(1)
                turn += 1
                await sync_to_async(move)(bots, turn)
                silent |= {each for each in listening if time.monotonic() - each.heard > _SILENT}
            processor, most = used(web.process) - before, memory(web.process)
            errors = sum(bool(each.error) or each in silent for each in listening)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    found = {
        "errors": errors,
        "why": sorted({each.error for each in listening if each.error})[:5],
        "told": sum(each.messages > 0 for each in listening),
        "messages": sum(each.messages for each in listening),
        "megabytes": sum(each.bytes for each in listening) / 1e6,
        "processor": processor,
        "memory": most,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
