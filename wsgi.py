"""Entry point of web servers and of the `flask` command."""

from app import create_app

app = create_app()
