"""One flat program per verb of the command line; the only place where the rooms meet."""
