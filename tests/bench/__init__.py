"""`make bench`: the paths that matter beside the bare limit, as ratios of one run; figures of two runs do not compare."""
