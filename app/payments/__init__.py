"""Charges and fees at the counter: what is owed, receipts, refunds, the day's cash, the payment portal's list."""
