"""A notice that is a PDF, as people read it: its glyphs, their order and blocks, read in a process apart."""
