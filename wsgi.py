"""Entry point of web servers and of the `flask` command."""

import os

from app import app_for_commands, create_app

# A command loads what it needs: `flask --help` nothing but names. A web server gets the whole site before it listens.
app = app_for_commands() if "FLASK_RUN_FROM_CLI" in os.environ else create_app()
