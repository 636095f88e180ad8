"""Entry point of web servers and of the `flask` command."""

from app import create_app
from app.commands import faults_told_at_start, tell_narrowed

with faults_told_at_start():
    app = create_app()
    tell_narrowed(app.config["SETTINGS"])
