// For gemm/workgroup-tiles.wgsl: sums in SPLITS, each over a run of whole slices of k, left in workspace[SPLITS,GM,GN].
const SLICES = (GK + TILE_K - 1u) / TILE_K;
const SPLIT_K = (SLICES + SPLITS - 1u) / SPLITS * TILE_K;
fn first_k(part: u32) -> u32 { return part * SPLIT_K; }
fn last_k(part: u32) -> u32 { return min(GK, (part + 1u) * SPLIT_K); }
fn start_of(n: u32) -> sum_t { return sum_t(); }
fn keep(part: u32, m: u32, n: u32, sum: sum_t) { workspace[((part * GM + m) * GN + n) / WIDTH] = sum; }
