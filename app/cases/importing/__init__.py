"""Taking cases in from other software's exports (nhập hồ sơ), so that nobody types a case twice.

    file -> formats (rows of cells) -> header (which column is what) -> statements (what a row says)
         -> moves (which events that adds to a case) -> writing (SQL in batches) -> report

A mapping (mapping.py, mappings/*.yaml) says how one software's export is to be read. Every row ends as new,
changed, unchanged or refused; a refused one is kept with its reason, and never stops the others.
"""
