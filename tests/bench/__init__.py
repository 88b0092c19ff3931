"""`make bench`: paths beside the bare view, as ratios of one run; figures of two runs do not compare."""
