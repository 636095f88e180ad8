"""The kinds of facts about the duties of plans: fact_kinds.yaml declares them, the SQL of facts.py fills them.

All is told as it stood at the end of the period, or now while it runs: what was done later had not happened yet.
What is handed in for a period comes after it: each such thing is told with the day on which it came, and the rule that
asks for it says in which period that is judged. A day that is due lasts to its end. Every unit in being in the period
has its facts, with noughts where nothing was recorded, so that a duty nobody thought of is seen to be missing.
"""

from __future__ import annotations

from app.core.fact_kinds import fact_kinds

KINDS = fact_kinds("obligations")
PLANS = tuple(KINDS[name] for name in ("reform_plan", "training_plan"))
OWED = {
    name: KINDS[name]
    for name in (
        *("monthly_report", "quarterly_report", "half_year_report", "annual_report", "dated_report", "catalogue_list"),
        *("department_report", "office_report", *(plan.name for plan in PLANS)),
    )
}
"""What is handed in for a period and has a last day, by the kind of filing: one fact for each unit and period that is
not long settled."""
YEAR_COUNT = KINDS["year_count"]
DIRECTIVES_CARRIED_OUT = KINDS["directives"]
PETITION = KINDS["petition"]
PETITIONS_ANSWERED = KINDS["petitions"]
SATISFACTION = KINDS["satisfaction"]
ONLINE_SHARE = KINDS["online_share"]
