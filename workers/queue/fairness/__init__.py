"""Whose tile comes next: a fair share for each party, and priorities within one."""
