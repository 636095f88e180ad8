"""What the reader sees for the words of the plans' room; each part names its own."""

from __future__ import annotations

from app.plans.parts import gathered

gathered("task_labels", "duties.labels", "scores.labels")
