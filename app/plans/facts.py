"""What the plans' room tells the engine: each part registers its sources when it is imported."""

from __future__ import annotations

from app.plans.parts import gathered

gathered("task_facts", "duties.facts", "scores.facts")
