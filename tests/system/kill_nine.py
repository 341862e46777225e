"""Killing runners at the worst moments, and counting afterwards what the exchange really has."""

import os
import random
import signal
import time
from decimal import Decimal

from tests.support.processes import wait_until

SYMBOL = "BTCUSDT"
STEP = Decimal("0.01")
SETTINGS = {
    "base_order": "50",
    "averaging_order": "50",
    "averaging_orders": 3,
    "step": str(STEP),
    "take_profit": "0.01",
}
WAYS = ("worker", "cluster")
MOMENTS = ("written ahead", "accepted, not answered")
STAGES = ("base", "averaging-2", "take-profit", "take-profit again")
RECOVERY = 60  # seconds; ten and a few on a quiet machine, of which ten are the lease


class Scenario:
    """One bot, one kill. What is killed, when, and at which order comes from the seed."""

    def __init__(self, platform, seed):
        chance = random.Random(seed)
        self.platform = platform
        self.way = chance.choice(WAYS)
        self.moment = chance.choice(MOMENTS)
        self.stage = chance.choice(STAGES)
        self.price = Decimal(chance.randrange(40_000, 60_000))
        self.about = f"seed {seed}: {self.way} killed, {self.stage} {self.moment}"

    def run(self):
        """Seconds from the kill until every order that should exist was there again."""
        self.move(0)
        if self.stage == "take-profit again":
            self.bot = self.platform.bot(**SETTINGS)
            self.wait_for_ladder()
        killed_at = self.kill_in_time()
        self.wait_for_ladder(timeout=RECOVERY)
        took = time.monotonic() - killed_at
        self.check_amounts()
        self.end()
        return took

    def kill_in_time(self):
        trigger = (lambda: self.move(-STEP * 11 / 10)) if self.stage == "take-profit again" else self.start_bot
        if self.moment == "written ahead":
            return self._kill_after_the_row(trigger)
        return self._kill_after_acceptance(trigger)

    def start_bot(self):
        self.bot = self.platform.bot(**SETTINGS)

    def _kill_after_the_row(self, trigger):
        """The signer stands still, so the row is there and nothing has been sent."""
        name, generation = self.target()
        signer = self.platform.signer.pid
        trigger()
        # Let the slice come as far as the order before; then hold the signer and wait for the row.
        wait_until(lambda: self.row_before(name, generation), what=f"the order before {name}")
        os.kill(signer, signal.SIGSTOP)
        try:
            held = self._poll(lambda: self.state_of(name, generation) == "wished", 6)
            killed = self.kill()
        finally:
            os.kill(signer, signal.SIGCONT)
        self.held = held
        return killed

    def _kill_after_acceptance(self, trigger):
        """The exchange has the order and is late with its answer."""
        name, _ = self.target()
        side = "SELL" if name == "take-profit" else "BUY"
        nth = {"averaging-2": 3}.get(self.stage, 1)
        fault = self.platform.paper.fault(
            "POST /api/v3/order", "delay_answer", times=1, nth=nth, seconds=4, match={"symbol": SYMBOL, "side": side}
        )
        trigger()
        self.platform.paper.wait_for_fault(fault)
        killed = self.kill()
        self.platform.paper.clear_faults()
        return killed

    def target(self):
        return {"take-profit again": ("take-profit", 2)}.get(self.stage, (self.stage, 1))

    def row_before(self, name, generation):
        if name == "base":
            return True
        if name == "averaging-2":
            return self.state_of("base", 1) == "filled"
        return self.state_of("base", 1) == "filled" if generation == 1 else self.state_of("averaging-1", 1) == "filled"

    def state_of(self, name, generation):
        query = """select o.state from bots_order o join bots_deal d on d.id = o.deal_id
                   where d.bot_id = ? and o.name = ? and o.generation = ?"""
        found = self.platform.rows(query, self.bot["bot"], name, generation) if hasattr(self, "bot") else []
        return found[0][0] if found else None

    def _poll(self, condition, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.005)
        return False

    def kill(self):
        if self.way == "cluster":
            self.platform.bots.kill()
            self.platform.bots.wait()
            self.platform.start_bots()  # what the supervisor does
        else:
            for pid in self.platform.slice_pids():
                os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    def move(self, by):
        self.platform.paper.set_price(SYMBOL, (self.price * (1 + by)).quantize(Decimal("0.01")))

    def wait_for_ladder(self, timeout=60):
        wait_until(self.complete, timeout, f"{self.about}: every order that should exist")

    def complete(self):
        """Whether the deal has all its orders, none of them in question: by the platform's own rows."""
        query = """select o.name, o.generation, o.state, o.filled, o.total from bots_order o
                   join bots_deal d on d.id = o.deal_id where d.bot_id = ?"""
        newest = {}
        for name, generation, *rest in sorted(self.platform.rows(query, self.bot["bot"])):
            newest[name] = (generation, *rest)
        fallen = self.stage == "take-profit again" and self.held_price_is_down()
        filled = {"base", "averaging-1"} if fallen else {"base"}
        wanted = {"base", "averaging-1", "averaging-2", "averaging-3", "take-profit"}
        if set(newest) != wanted:
            return False
        states = {name: row[1] for name, row in newest.items()}
        if any(states[name] != "filled" for name in filled):
            return False
        if fallen and newest["take-profit"][0] < 2:
            return False
        return all(states[name] == "accepted" for name in wanted - filled)

    def held_price_is_down(self):
        return self.state_of("averaging-1", 1) == "filled"

    def check_amounts(self):
        """By the exchange's own list each (deal, order name) totals its wanted amount, and nothing else is open."""
        query = """select o.name, o.client_order_id, o.total from bots_order o
                   join bots_deal d on d.id = o.deal_id where d.bot_id = ?"""
        names, totals, sums = {}, {}, {}
        for name, client_order_id, total in self.platform.rows(query, self.bot["bot"]):
            names[client_order_id] = name
            totals[name] = Decimal(total)
        for order in self.platform.paper.orders(self.bot["account"]):
            name = names.get(order["clientOrderId"])
            assert name is not None, f"{self.about}: the exchange has an order that no row knows: {order}"
            alive = order["status"] in ("NEW", "PARTIALLY_FILLED")
            amount = Decimal(order["origQty"] if alive else order["executedQty"])
            sums[name] = sums.get(name, Decimal(0)) + amount
        assert sums == totals, f"{self.about}: {sums} instead of {totals}"

    def end(self):
        """Leave nothing behind that trades on."""
        self.platform.script(
            f"""
            from botplatform.bots import actions
            from botplatform.bots.models import Bot, Deal
            bot = Bot.objects.get(pk={self.bot["bot"]!r})
            actions.stop(bot)
            for deal in Deal.objects.filter(bot=bot, closed_at=None):
                actions.close_at_market(deal)
            """
        )
        query = "select count(*) from bots_deal where bot_id = ? and closed_at is null"
        wait_until(lambda: self.platform.rows(query, self.bot["bot"])[0][0] == 0, what=f"{self.about}: the end")
