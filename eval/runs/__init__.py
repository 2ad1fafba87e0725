"""What of a run is on disk, and how is it read again?"""
