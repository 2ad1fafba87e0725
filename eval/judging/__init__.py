"""What does a second model say of a run, and how far does it agree?"""
