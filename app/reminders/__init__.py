"""Reminders of what falls due: in the application and, where the site wants it, by e-mail."""
