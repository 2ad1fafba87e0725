"""Where do the grounding scores come from, and how far can they be trusted?"""
