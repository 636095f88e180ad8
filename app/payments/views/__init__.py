"""Pages of money: taking and giving it back at a case, the day's cash, the payment portal's lists."""

from flask import Blueprint

bp = Blueprint("payments", __name__)
