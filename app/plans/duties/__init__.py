"""What a unit does again and again, or on demand: filings, directives, petitions, surveys, online targets."""
