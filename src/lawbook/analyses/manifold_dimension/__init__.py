"""Whether the exponent of the loss in the parameters is that of the data's dimension: 4/α beside estimates of d."""
