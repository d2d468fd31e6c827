"""Discovery: quanta of a text, found in the gradients of one trained run and judged on a run of another seed."""
