// What batch-norm/moments-*.wgsl share. Sums are taken of differences from the first row: a large mean would swallow a small variance.
const CB = u.C / WIDTH;
const CHUNK_ROWS = (u.R + u.CHUNKS - 1u) / u.CHUNKS;
