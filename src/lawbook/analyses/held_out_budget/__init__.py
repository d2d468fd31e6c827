"""What the smaller budgets of compute say of the largest: the least loss there, predicted and measured."""
