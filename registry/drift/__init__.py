"""What is declared of a system beside what it was seen to be: statement by statement, with the evidence and its age."""
