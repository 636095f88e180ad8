"""`make bench`: speed and memory as ratios, each against the least that the same work could cost on one machine."""
