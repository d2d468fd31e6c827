"""The optimal learning rate: where the loss over rates is least, and how it moves with training, size or batch."""
