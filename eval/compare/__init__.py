"""Is one run better or worse than another, beyond noise?"""
