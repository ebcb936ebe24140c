"""`landcast inspect`: what a file or folder is taken for, and what can be made of it."""
