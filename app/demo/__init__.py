"""Demonstration data: a believable Department, its catalogue and the lives of its cases. Nobody in it is real."""
