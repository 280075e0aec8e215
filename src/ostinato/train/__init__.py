"""Whatever follows a gradient: objectives, optimiser, loop, training state, loss plots."""
