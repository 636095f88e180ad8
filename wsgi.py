"""Entry point of web servers, and of the `flask` command in .venv/bin, which runs this file."""

import os

if __name__ == "__main__":
    from app.web.command_line import main

    main()

from app import app_for_commands, create_app
from app.web.command_faults import faults_told_at_start, tell_narrowed

# A command loads what it needs: `flask --help` nothing but names. A web server gets the whole site before it listens.
with faults_told_at_start():
    commanded = "FLASK_RUN_FROM_CLI" in os.environ
    app = app_for_commands() if commanded else create_app()
    tell_narrowed(app.config["SETTINGS"])
    if not commanded:
        from app.organisation.schedule import keep_hours

        keep_hours(app)
