"""Pages of money: taking and giving it back at a case, the day's cash, the payment portal's lists."""

from flask import Blueprint

from app.payments import case_section  # noqa: F401  the page of a case shows it

bp = Blueprint("payments", __name__)

from app.payments.views import cash, counter, portal  # noqa: E402, F401  each adds its pages to `bp`
