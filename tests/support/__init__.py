"""What tests share: real processes on this machine, started and ended for one test run."""
