"""Logic: grids, texts, and those of reasoning-gym."""
