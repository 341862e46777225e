"""Averaging orders as 3Commas really placed them."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from strategies.dca import rungs
from strategies.market import Market

GOLDEN = Path(__file__).parents[1] / "golden"
DOGE = Market(symbol="DOGE/USDT", tick_size=Decimal("0.00001"), lot_size=Decimal(1))


def rows(name):
    with (GOLDEN / name).open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("dca_averaging_orders.csv"), ids=lambda row: f"{row['deal_id']}-{row['n']}")
def test_a_recorded_averaging_order_has_our_price_and_amount(row):
    ladder = rungs(
        Decimal(row["base_avg_price_incl_fee"]),
        DOGE,
        volume=Decimal(row["ao_volume_quote"]),
        count=int(row["n"]),
        step=Decimal(row["step_pct"]) / 100,
        step_scale=Decimal(row["step_scale"]),
        volume_scale=Decimal(row["volume_scale"]),
        flat=-Decimal(row["risk_reduction_quote"]),
    )
    rung = list(ladder)[-1]
    assert (rung.price, rung.amount) == (Decimal(row["ao_price"]), Decimal(row["ao_qty"]))


@pytest.mark.parametrize("row", rows("dca_averaging_orders_scaled.csv"), ids=lambda row: f"{row['source']}-{row['n']}")
def test_a_documented_scaled_ladder_has_our_price_and_amount(row):
    ladder = rungs(
        Decimal(row["base_avg_price_incl_fee"]),
        Market(symbol="X/USDT", tick_size=Decimal(row["tick"]), lot_size=Decimal(row["lot"])),
        volume=Decimal(row["so_volume_quote"]),
        count=int(row["n"]),
        step=Decimal(row["step_pct"]) / 100,
        step_scale=Decimal(row["step_scale"]),
        volume_scale=Decimal(row["volume_scale"]),
        flat=Decimal(row["flat_adjust_quote"]),
    )
    rung = list(ladder)[-1]
    assert (rung.price, rung.amount) == (Decimal(row["ao_price"]), Decimal(row["ao_qty"]))
