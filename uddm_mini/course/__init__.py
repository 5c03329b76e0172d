"""The book in a course: assignments cut out of it, submissions graded, and what a class got wrong."""
