"""The words of `fleet`: a file for each noun, and `jobs` for what is run by a timetable."""
