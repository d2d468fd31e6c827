"""The report: figures, claims, and one self-contained page, all made from the tables of a results folder."""
