"""A slice: some minutes of running one shard.

1. Take the shard's lease. Without one, return and enqueue nothing: somebody else has it, or the dispatcher will see.
2. Take over: read the signer's events up to now, load every bot of the shard.
3. Until drained, out of time or without the lease: sleep until a tick, read the events, beat each bot concerned.
   A bot that fails is put off, so that it cannot hold up the others.
4. Let go of the lease and enqueue the successor.

The lease is renewed by a thread of its own, so that a slow exchange does not cost it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading

from django.conf import settings
from django.db import connection

from botplatform.bots.actions import complain
from botplatform.bots.models import BotMarket
from botplatform.exchanges.vault import Code, LeaseHandle, OutcomeUnknown, Refused, Retry, runner
from botplatform.lib import clock
from botplatform.runner import drain
from botplatform.runner.balances import BalanceWatch
from botplatform.runner.keeper import BotKeeper, pairs_to_look_after
from botplatform.runner.models import Shard
from botplatform.runner.news import catch_up
from botplatform.runner.placing import NOT_OURS_ANY_MORE, LeaseLost
from botplatform.runner.portfolio import tell_portfolios
from botplatform.runner.queue import enqueue
from botplatform.runner.shards import shard_of
from botplatform.runner.ticks import TickListener

log = logging.getLogger(__name__)

_RENEW_EVERY = 3.0
_EVENTS_EVERY = 0.5
_BOTS_EVERY = 1.0
_QUIET_BEAT = 2.0  # seconds after which a bot is asked again though nothing happened
_PUT_OFF = 5.0
_MISSED = 5.0  # seconds after which a trade that is counted but not read was not just late


def run_slice(shard: str) -> None:
    """The django-q2 task. Safe to run twice: the second gets no lease."""
    Shard.objects.filter(name=shard).update(unanswered_since=None)
    if drain.flagged():
        return
    try:
        lease = runner().take_lease(shard)
    except (Refused, Retry, OutcomeUnknown) as why:
        log.info("%s: no slice: %s", shard, why)
        Shard.objects.filter(name=shard).update(queued_at=None)  # it was asked for and answered; ask again
        return
    log.info("%s: slice begins, fence %d, process %d", shard, lease.fence, os.getpid())
    ended = _Slice(lease).run()
    log.info("%s: slice ends: %s, process %d", shard, ended, os.getpid())
    if not drain.flagged():
        enqueue(shard)


class _Slice:
    def __init__(self, lease: LeaseHandle) -> None:
        self._lease = lease
        self._ticks = TickListener(settings.LAYOUT.ticks_socket)
        self._keepers: dict[int, BotKeeper] = {}  # by pair: a bot on a market
        self._beaten: dict[int, float] = {}
        self._put_off: dict[int, float] = {}
        self._stirred_since: dict[int, float] = {}
        self._events_at = self._bots_at = 0.0
        self._balances = BalanceWatch()
        self._over = threading.Event()

    def run(self) -> str:
        """Why it ended."""
        until = clock.monotonic() + settings.ENVIRONMENT.slice_seconds
        renewing = threading.Thread(target=self._keep_lease, daemon=True)
        renewing.start()
        try:
            Shard.objects.update_or_create(name=self._lease.shard, defaults={"fence": self._lease.fence})
            while not drain.flagged() and clock.monotonic() < until:
                if not self._lease.live:
                    return "the lease ran out"
                self._turn()
        except LeaseLost as why:
            return str(why)
        finally:
            self._over.set()
            renewing.join()
            self._ticks.close()
            with contextlib.suppress(Refused, Retry, OutcomeUnknown):
                self._lease.release()
            # The next slice need not wait until this one is found silent.
            Shard.objects.filter(name=self._lease.shard).update(beat_at=None, queued_at=None)
        return "drained" if drain.flagged() else "its time is over"

    def _keep_lease(self) -> None:
        while not self._over.wait(_RENEW_EVERY):
            try:
                self._lease.renew()
            except Refused as why:
                log.warning("%s: %s", self._lease.shard, why)
                return
            except (Retry, OutcomeUnknown) as why:
                log.warning("%s: the lease was not renewed: %s", self._lease.shard, why)
        connection.close()

    def _turn(self) -> None:
        traded = self._ticks.wait(0.25)
        now = clock.monotonic()
        if now - self._bots_at >= _BOTS_EVERY:
            self._bots_at = now
            self._load_bots()
        try:
            self._read_news(now)
        except (Retry, OutcomeUnknown) as why:
            log.warning("%s: the signer is away: %s", self._lease.shard, why)
            self._over.wait(1)
            return
        except Refused as why:
            raise LeaseLost(str(why)) from why
        for key, keeper in list(self._keepers.items()):
            quiet = now - self._beaten.get(key, 0) >= _QUIET_BEAT
            if (keeper.market in traded or quiet or keeper.restless) and now >= self._put_off.get(key, 0):
                self._beaten[key] = now
                self._beat(key, keeper)
        tell_portfolios(self._keepers.values(), self._ticks)
        self._balances.look(self._lease, (keeper.bot for keeper in self._keepers.values()))

    def _load_bots(self) -> None:
        """Bots come, go and change; a changed row is read anew. The row of the shard shows that we live."""
        now = clock.now()
        Shard.objects.filter(name=self._lease.shard).update(beat_at=now)
        concerned = [pair for pair in pairs_to_look_after() if shard_of(pair.bot.account_id) == self._lease.shard]
        for key in self._keepers.keys() - {pair.pk for pair in concerned}:
            del self._keepers[key]
        for pair in concerned:
            keeper = self._keepers.get(pair.pk)
            if keeper is None:
                self._admit(pair)
            elif keeper.differs_from(pair):
                keeper.reload(pair)

    def _admit(self, pair: BotMarket) -> None:
        """Begin to look after a bot: a token for its grant first, which makes its events ours to read."""
        bot = pair.bot
        try:
            self._lease.open_grant(bot.grant)
        except Refused as why:
            if why.code in NOT_OURS_ANY_MORE and why.code is not Code.HELD_BY_ANOTHER_SHARD:
                raise LeaseLost(str(why)) from why
            complain(bot, why.code, f"It is not looked after. {why}")
        except (Retry, OutcomeUnknown) as why:
            log.warning("%s: bot %s: %s", self._lease.shard, bot.pk, why)
        else:
            self._keepers[pair.pk] = BotKeeper(pair, self._lease)
            self._events_at = 0.0

    def _read_news(self, now: float) -> None:
        if now - self._events_at < _EVENTS_EVERY and not any(keeper.stirred for keeper in self._keepers.values()):
            return
        self._events_at = now
        if self._something_was_missed(now):
            # The signer counts trades that never came as news: this shard's reading mark is ahead of one of its
            # bots, which came from another shard. Reading everything again is slow, and changes nothing else.
            Shard.objects.filter(name=self._lease.shard).update(last_event=0)
        news = catch_up(self._lease)
        for keeper in self._keepers.values():
            if keeper.stirred or keeper.deal_id in news.deals:
                keeper.tell(news)
                keeper.reload(keeper.pair)

    def _something_was_missed(self, now: float) -> bool:
        stirred = {key for key, keeper in self._keepers.items() if keeper.stirred}
        self._stirred_since = {key: self._stirred_since.get(key, now) for key in stirred}
        late = any(now - since > _MISSED for since in self._stirred_since.values())
        if late:
            self._stirred_since.clear()
        return late

    def _beat(self, key: int, keeper: BotKeeper) -> None:
        try:
            keeper.beat(self._ticks.last(keeper.market))
        except LeaseLost:
            raise
        except Refused as why:
            if why.code in NOT_OURS_ANY_MORE:
                raise LeaseLost(str(why)) from why
            keeper.complain(why.code, str(why))
            self._put_off[key] = clock.monotonic() + _PUT_OFF
        except (Retry, OutcomeUnknown) as why:
            log.warning("bot %s: %s", key, why)
            self._put_off[key] = clock.monotonic() + 1
        except Exception:
            # One bot's trouble is not the others'.
            log.exception("bot %s failed; it is put off", key)
            keeper.complain("failure", "The bot stumbled and is tried again. The operator's log says why.")
            self._put_off[key] = clock.monotonic() + _PUT_OFF
