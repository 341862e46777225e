import pytest

from botplatform.bots.models import BotEvent
from botplatform.exchanges import vault
from botplatform.runner.slices import _Slice

pytestmark = pytest.mark.django_db


def test_a_bot_whose_grant_was_revoked_says_so_in_its_inbox_once(lease, bot):
    vault.web().revoke_grant(bot.owner_id, bot.grant)
    running = _Slice(lease)
    running._admit(bot.pairs.get())
    running._admit(bot.pairs.get())
    assert BotEvent.objects.get(bot=bot, level="error").text.startswith(
        "It is not looked after. The grant was revoked."
    )
