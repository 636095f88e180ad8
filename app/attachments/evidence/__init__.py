"""Files that prove what a record says, whatever room the record is of (`organisation.registries`)."""
