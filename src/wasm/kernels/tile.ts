// Sizes of assembly/tile.ts.

/** Sums of a tile: four rows of eight floats. */
export const TILE_BYTES = 128
/** One row of a panel: eight floats. */
export const PANEL_BYTES = 32
