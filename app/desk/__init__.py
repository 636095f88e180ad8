"""What belongs to the person at the desk: drafts, saved filters, actions on many cases and their undo."""
