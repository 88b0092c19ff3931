"""What a change to a register brings with it: findings opened and closed, and what the law asks for because of it."""
