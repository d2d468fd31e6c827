"""Why a power law in one size breaks, told from curves of test and training loss."""
