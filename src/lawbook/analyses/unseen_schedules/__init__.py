"""Loss curves under learning-rate schedules that a law was not fitted to, predicted from those under others."""
