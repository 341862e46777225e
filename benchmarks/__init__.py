"""What it takes: our backtests beside the same jobs in bare floats and in other backtesters, all in one run."""
