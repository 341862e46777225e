"""The dashboard's addresses."""

from __future__ import annotations

from django.urls import path

from botplatform.dashboard.backtests import views as backtests
from botplatform.dashboard.bots import actions
from botplatform.dashboard.bots.views import bot, bot_chart, bot_stream
from botplatform.dashboard.builder import views as builder
from botplatform.dashboard.builder.guided import guided
from botplatform.dashboard.deals.views import deals, deals_file
from botplatform.dashboard.health import healthz
from botplatform.dashboard.orders.views import orders, orders_file
from botplatform.dashboard.overview.views import overview, overview_curve, overview_stream
from botplatform.dashboard.portfolio.views import portfolio_page
from botplatform.dashboard.vault import kills
from botplatform.dashboard.vault.pages import open_pages
from botplatform.dashboard.vault.views import vault

urlpatterns = [
    path("", overview, name="overview"),
    path("stream", overview_stream, name="overview-stream"),
    path("curve", overview_curve, name="overview-curve"),
    path("bots/new", builder.choose, name="choose-bot"),
    path("bots/new/guided", guided, name="guided"),
    path("bots/new/<slug:kind>", builder.build, name="new-bot"),
    path("bots/new/<slug:kind>/form", builder.form, name="builder-form"),
    path("bots/new/<slug:kind>/answer", builder.answer, name="builder-answer"),
    path("bots/new/<slug:kind>/band", builder.band, name="builder-band"),
    path("bots/new/<slug:kind>/plan", builder.plan, name="builder-plan"),
    path("terminal/", builder.terminal, name="terminal"),
    path("markets/<int:market>/candles", builder.candles, name="market-candles"),
    path("markets/<int:market>/history", builder.history, name="market-history"),
    path("bots/<uuid:bot>/", bot, name="bot"),
    path("bots/<uuid:bot>/edit", builder.edit, name="bot-edit"),
    path("bots/<uuid:bot>/edit/difference", builder.difference, name="bot-difference"),
    path("bots/<uuid:bot>/stream", bot_stream, name="bot-stream"),
    path("bots/<uuid:bot>/chart", bot_chart, name="bot-chart"),
    path("bots/<uuid:bot>/start", actions.start, name="bot-start"),
    path("bots/<uuid:bot>/stop", actions.stop, name="bot-stop"),
    path("bots/<uuid:bot>/close", actions.close, name="bot-close"),
    path("bots/<uuid:bot>/cancel", actions.cancel, name="bot-cancel"),
    path("bots/<uuid:bot>/start-deal", actions.start_deal, name="bot-start-deal"),
    path("bots/<uuid:bot>/add-funds", actions.add_funds, name="bot-add-funds"),
    path("bots/<uuid:bot>/close-part", actions.close_part, name="bot-close-part"),
    path("bots/<uuid:bot>/errors/<int:event>/dismiss", actions.dismiss, name="bot-error-dismiss"),
    path("bots/<uuid:bot>/kills", kills.of_bot, name="bot-kills"),
    path("bots/<uuid:bot>/kill", kills.stop_bot, name="bot-kill"),
    path("bots/<uuid:bot>/unkill", kills.lift_bot, name="bot-unkill"),
    path("deals/", deals, name="deals"),
    path("deals/file", deals_file, name="deals-file"),
    path("orders/", orders, name="orders"),
    path("orders/file", orders_file, name="orders-file"),
    path("portfolio/", portfolio_page, name="portfolio"),
    path("backtests/", backtests.studies, name="studies"),
    path("backtests/new", backtests.new_study, name="new-study"),
    path("backtests/compare", backtests.compare, name="compare"),
    path("backtests/compare/curves", backtests.compare_curves, name="compare-curves"),
    path("backtests/<uuid:study>/", backtests.study, name="study"),
    path("backtests/<uuid:study>/state", backtests.study_state, name="study-state"),
    path("backtests/<uuid:study>/curve", backtests.study_curve, name="study-curve"),
    path("backtests/<uuid:study>/report", backtests.study_report, name="study-report"),
    path("backtests/<uuid:study>/cancel", backtests.cancel_study, name="cancel-study"),
    path("backtests/<uuid:study>/delete", backtests.delete_study, name="delete-study"),
    path("vault/", vault, name="vault"),
    path("vault/open", open_pages, name="vault-open"),
    path("vault/kill", kills.stop_user, name="vault-kill"),
    path("vault/unkill", kills.lift_user, name="vault-unkill"),
    path("healthz", healthz, name="healthz"),
]
