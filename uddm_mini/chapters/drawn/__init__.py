"""Questions that grading draws for each student: a module for each chapter, a function for each check of that name.

`VARIANTS` in such a module has, by the name of a check, what else the exercise can ask for.
"""
