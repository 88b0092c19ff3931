"""Do what is declared and what is observed agree: the book of checks, its runs, and what they found."""
