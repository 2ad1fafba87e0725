"""How does a run look as a page that a person can read?"""
