"""Discovery: quanta found in the gradients of a trained run: of a text, judged on a run of another seed, or known."""
