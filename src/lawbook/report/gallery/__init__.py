"""The gallery: one page of all finished studies, the same as Markdown, and the records of what they cost."""
