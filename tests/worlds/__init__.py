"""Worlds: small stories in YAML, played through the product's own services, and what a check must then say.

`python -m tests.worlds FILE…` plays them; `README.md` beside this says how one is written.
"""
