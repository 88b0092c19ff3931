"""The rules, one a file, named after the wrong. Adding one is adding its file here and its cases in fixtures/checks."""
