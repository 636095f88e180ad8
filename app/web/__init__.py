"""What every answer of the site has in common, whatever room it comes from."""
